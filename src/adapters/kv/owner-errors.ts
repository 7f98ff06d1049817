/** A failed call to an owner. */
export class OwnerError extends Error {
  /** True if it is certain that nothing was done. */
  readonly isCertain: boolean
  /** The platform's own properties. */
  readonly overloaded: boolean
  readonly retryable: boolean

  constructor(message: string, isCertain: boolean, cause: PlatformError) {
    super(message, { cause })
    this.isCertain = isCertain
    this.overloaded = cause.overloaded === true
    this.retryable = cause.retryable === true
  }
}

/** True if a change was certainly not made. Without an answer of its owner it may still be made a little later. */
export function isCertain(error: unknown): boolean {
  return error instanceof OwnerError && error.isCertain
}

/** The properties of the platform's errors. https://developers.cloudflare.com/durable-objects/best-practices/error-handling/ */
interface PlatformError {
  readonly message?: string
  readonly overloaded?: boolean
  readonly retryable?: boolean
  readonly durableObjectReset?: boolean
  /** Thrown by the object's own method. */
  readonly remote?: boolean
}

/** The purpose of a call decides what its failure may leave behind. */
export type Purpose = 'read' | 'write' | 'clear' | 'rest of a clear'

/**
 * An error that says what the failure means to the caller, after the platform's own message. `hasMethods` is false where the platform
 * is too old for calls to Durable Objects.
 */
export function ownerError(error: unknown, hasMethods: boolean, purpose: Purpose): OwnerError {
  const platformError = (error ?? {}) as PlatformError
  const { message = String(error), overloaded, durableObjectReset, remote } = platformError
  // A method that throws has stored nothing.
  const isCertain = !hasMethods || overloaded === true || remote === true || NO_SQL.test(message)
  const says = hasMethods ? message + remedyFor(message, durableObjectReset === true) : TOO_OLD
  return new OwnerError(says + (isCertain ? CERTAIN : IN_DOUBT)[purpose], isCertain, platformError)
}

function remedyFor(message: string, isReset: boolean): string {
  if (NO_SUCH_METHOD.test(message)) return `: ${NOT_OURS}`
  return isReset && message.startsWith('internal error') ? `: if every call fails so, ${NOT_OURS}` : ''
}

const CERTAIN: Readonly<Record<Purpose, string>> = {
  read: '',
  write: '; nothing was done',
  clear: '; nothing was done',
  'rest of a clear': '; some keys are cleared already: clear again',
}
const IN_DOUBT: Readonly<Record<Purpose, string>> = {
  read: '',
  write: '; what was asked of the owner may or may not have been done',
  clear: '; some keys may be cleared already: clear again',
  'rest of a clear': CERTAIN['rest of a clear'],
}
const NOT_OURS =
  'the class bound as shards must be CacheShard of nearcache/cache-shard, exported by its Worker'
/** https://developers.cloudflare.com/workers/configuration/compatibility-flags/ (`rpc`) */
const TOO_OLD =
  'Durable Objects take no calls before compatibility_date 2024-04-03: set a later one in wrangler.toml'
const NO_SQL = /new_sqlite_classes|not backed by SQLite/
const NO_SUCH_METHOD = /does not implement the method/
