type WaitUntil = (promise: Promise<unknown>) => void

/** `undefined` until the first call, `null` outside Workers. */
let platform: WaitUntil | null | undefined

/**
 * Keeps the current request alive until the promise has settled. `cloudflare:workers` is imported when it is first needed, because
 * tests and build tools of applications also load this module elsewhere.
 * https://developers.cloudflare.com/workers/runtime-apis/context/#waituntil
 */
export function waitUntil(promise: Promise<unknown>): void {
  if (platform !== undefined) {
    platform?.(promise)
    return
  }
  // Not kept as a promise: one request must not wait for the import of another.
  import('cloudflare:workers').then(
    (workers: { readonly waitUntil?: WaitUntil }) => {
      platform = workers.waitUntil ?? null
      platform?.(promise)
    },
    () => {
      platform = null
    },
  )
}
