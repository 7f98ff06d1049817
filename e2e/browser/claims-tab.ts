import { announcements, indexedDBAdapter } from '../../src/adapters/indexeddb/index.ts'
import type { Change, Entry, Outcome, StoreChange } from '../../src/core/adapter.ts'

const changes = announcements()
const adapter = indexedDBAdapter({ name: 'tabs', announcements: changes })
const heard: StoreChange[] = []
changes.subscribe((change) => heard.push(change))

/** What has been granted to this tab, by token. */
const granted = new Map<number, (() => void) | undefined>()

/** A `ClaimReply` without the function, which cannot leave the page. */
interface Reply {
  readonly isGranted: boolean
  readonly entry?: Entry | undefined
}

const lab = {
  adapter,
  heard,
  async claim(key: string, token: number, wait: boolean): Promise<Reply> {
    const reply = await adapter.claim?.(key, Date.now(), { token, milliseconds: 60_000, wait })
    if (reply === undefined) throw new Error('the adapter has no claims')
    if (!reply.isGranted) return reply
    granted.set(token, reply.release)
    return { isGranted: true }
  },
  async end(change: Change, token: number): Promise<Outcome | undefined> {
    const [outcome] = await adapter.commit([change], Date.now())
    granted.get(token)?.()
    granted.delete(token)
    return outcome
  },
  fill(key: string, token: number, value: unknown, tags?: readonly string[]): Promise<Outcome | undefined> {
    const entry = { value, expiresAt: null, ...(tags && { metadata: { storedAt: Date.now(), tags } }) }
    return lab.end({ key, op: { kind: 'fill', token, entry } }, token)
  },
}

declare global {
  /** What the tests of claims drive in each tab. */
  var claims: typeof lab
}

globalThis.claims = lab
