import { parse, stringify } from 'devalue'

/** A call of one of a cache's methods. */
export interface Call {
  readonly method: string
  readonly args: readonly unknown[]
}

/** What the Worker `asked.worker.ts` is asked. */
export interface Asked {
  /** Epoch milliseconds: what its cache takes for the time. */
  readonly now: number
  readonly keyPrefix?: string
  /** Default: `'owner'`. */
  readonly reads?: 'near' | 'owner'
  /** Made all at once. */
  readonly calls: readonly Call[]
}

/** A row as the first layout of the table had it (commit 44b11e8): `earlier.worker.ts` is asked to store such. */
export interface EarlierRow {
  readonly key: string
  readonly format: string
  readonly value: number | string | Uint8Array
  readonly expiresAt: number | null
}

type Row = readonly (string | number | null)[]

/** What an object and KV had stored at commit 65ae32c: `earlier-copies.worker.ts` is asked to store it. */
export interface EarlierState {
  readonly tables: Readonly<Record<'entries' | 'clears' | 'copies' | 'settings' | 'blobs', readonly Row[]>>
  readonly kv: readonly { readonly key: string; readonly value: string; readonly metadata?: unknown }[]
}

type Fetch = (
  url: string,
  init: { method: string; body: string },
) => Promise<{ readonly ok: boolean; text(): Promise<string> }>

/** POST, since `wrangler dev` repeats a GET that found no Worker: here nothing shall be asked twice. */
export async function post(fetch: Fetch, url: string, body: unknown): Promise<unknown> {
  const response = await fetch(url, { method: 'POST', body: packed(body) })
  const text = await response.text()
  if (!response.ok) throw new Error(`The Worker failed: ${text}`)
  return unpacked(text)
}

/**
 * Any cacheable value as text, the same for the same value. An error arrives as the parts of it, an object with a key
 * `__proto__` as a Map.
 */
export function packed(value: unknown): string {
  return stringify(value, {
    Error: (part) => part instanceof Error && [part.name, part.message, part.cause],
    Entries: (part) => isObject(part) && Object.hasOwn(part, '__proto__') && Object.entries(part),
  })
}

export function unpacked(text: string): unknown {
  return parse(text, {
    Error: ([name, message, cause]: unknown[]) => ({ name, message, cause }),
    Entries: (entries: [string, unknown][]) => new Map(entries),
  })
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
