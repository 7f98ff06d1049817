import { CacheError, quoteKey } from './errors.ts'

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

export function isRefusedPrimitive(value: unknown): boolean {
  return typeof value === 'function' || typeof value === 'symbol'
}

export function refuse(
  value: unknown,
  path: readonly (string | number)[],
  key: string,
  method: string,
): CacheError {
  const why =
    value === undefined ? 'it is undefined, which means "missing"; use null' : `it is a ${typeof value}`
  return invalid(why, path, key, method)
}

export function invalid(
  why: string,
  path: readonly (string | number)[],
  key: string,
  method: string,
): CacheError {
  const where = path.length === 0 ? 'the value' : `the part at ${showPath(path)}`
  return new CacheError('INVALID_VALUE', `${method} cannot store ${where} of ${quoteKey(key)}: ${why}`, {
    key,
  })
}

export function unreadable(key: string, method: string, cause: unknown): CacheError {
  return new CacheError(
    'INVALID_VALUE',
    `${method} cannot store the value of ${quoteKey(key)}: reading it failed`,
    {
      key,
      cause,
    },
  )
}

function showPath(path: readonly (string | number)[]): string {
  const shown = path.slice(0, 12).map((part) => `[${JSON.stringify(part)}]`)
  return shown.join('') + (path.length > 12 ? '…' : '')
}

export function nameOf(source: object): string {
  const name = (source as { constructor?: { name?: unknown } }).constructor?.name
  return typeof name === 'string' && name !== '' ? `a ${name}` : 'an object of an unknown class'
}
