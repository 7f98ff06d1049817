import { readOptions } from './arguments.ts'
import { withDeadline } from './deadline.ts'
import type { GetOrSetOptions, SetOptions } from './options.ts'
import { checkBag } from './options.ts'

/** What the loader of `agetOrSet` is told, and what it can say. */
export interface LoadContext {
  /** The key, as the caller gave it. */
  readonly key: string
  /**
   * The value to be replaced, if it is still kept, and its age in **seconds**: to ask the source whether it has changed. With
   * `earlyRefresh` it can still be fresh.
   */
  readonly stale: StaleValue | undefined
  /** Aborts when `hardTimeout` has passed. It does not abort when callers leave, since the load goes on for others. */
  readonly signal: AbortSignal
  /** Sets options of the value that this loader returns. They replace those of the call, one by one. */
  setOptions(options: LoadedOptions): void
  /** Declines to store the value. Those who wait for it still get it. */
  skip(): void
}

/** A stale value that is still kept. */
export interface StaleValue {
  readonly value: unknown
  /** Seconds since it was stored; `undefined` if it was stored without an age. */
  readonly age: number | undefined
}

/** The options that a loader can set. */
export type LoadedOptions = Omit<SetOptions, 'version'>

/** The loader of `agetOrSet`: a value, or a function that is called (and awaited) only on a miss. */
export type Loader<T> = T | ((context: LoadContext) => T | Promise<T>)

/** The loader of `getOrSet`: a value, or a function that is called only on a miss. */
export type SyncLoader<T> = T | ((context: LoadContext) => T)

const LOADED_OPTIONS = ['timeout', 'staleWhileRevalidate', 'staleIfError', 'tags', 'keepAge', 'jitter']

/** One run of a loader. */
export class LoaderRun implements LoadContext {
  readonly key: string
  readonly stale: StaleValue | undefined
  /** The options for what the loader returns. */
  options: GetOrSetOptions
  isSkipped = false
  /** Created when asked for. Most loaders do not. */
  #controller: AbortController | undefined

  constructor(key: string, options: GetOrSetOptions, stale: StaleValue | undefined) {
    this.key = key
    this.options = options
    this.stale = stale
    // A loader may take them off the context.
    this.setOptions = this.setOptions.bind(this)
    this.skip = this.skip.bind(this)
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    return this.#controller.signal
  }

  setOptions(options: LoadedOptions): void {
    checkBag(options, LOADED_OPTIONS, 'setOptions')
    this.options = { ...this.options, ...readOptions(options, LOADED_OPTIONS, 'setOptions') }
  }

  skip(): void {
    this.isSkipped = true
  }

  /** Calls the loader. Does not wait for a promise. */
  call(loader: unknown): unknown {
    return typeof loader === 'function' ? loader(this) : loader
  }

  /** Calls the loader, and waits for its promise for at most `hardTimeout`. What comes later is ignored. */
  async wait(loader: unknown): Promise<unknown> {
    const { hardTimeout } = this.options
    const loaded = this.call(loader)
    if (hardTimeout === undefined) return loaded
    const late = (): unknown => {
      const reason = new DOMException(`The loader took longer than ${hardTimeout} s`, 'TimeoutError')
      this.#controller?.abort(reason)
      return reason
    }
    return withDeadline(Promise.resolve(loaded), hardTimeout * 1000, late)
  }
}
