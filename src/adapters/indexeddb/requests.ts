/** The result of a request. If it fails, its transaction is aborted with it: the reason is the transaction's. */
export function result<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(request.error))
  })
}

/**
 * The results of requests made one after another. They are answered in that order, so the last one's answer is waited for
 * and none of the others': a promise for each of a thousand costs as much as the reading.
 * https://w3c.github.io/IndexedDB/#transaction-lifetime-concept
 */
export async function results<T>(requests: readonly IDBRequest<T>[]): Promise<T[]> {
  await answered(requests)
  return requests.map((request) => {
    // `undefined`, too, is none: fake-indexeddb has that.
    if (request.error) throw request.error
    return request.result
  })
}

/** Resolves when all of these requests, made one after another, have a result or an error. */
export async function answered(requests: readonly IDBRequest[]): Promise<void> {
  const last = requests.at(-1)
  if (last !== undefined) await result(last).catch(() => {})
}

/**
 * Runs `work` in a transaction that goes on when a request fails meanwhile: whoever made it looks at its error. By default one
 * failed request aborts the transaction, and with it all others.
 * https://w3c.github.io/IndexedDB/#fire-an-error-event
 */
export async function goingOn<T>(transaction: IDBTransaction, work: () => T | Promise<T>): Promise<T> {
  // In the capture phase, before those who listen for failures that nobody expected.
  transaction.addEventListener('error', goOn, true)
  try {
    return await work()
  } finally {
    transaction.removeEventListener('error', goOn, true)
  }
}

function goOn(event: Event): void {
  // These failures follow from an abort, and do not cause one.
  if (!isNamed((event.target as IDBRequest).error, 'AbortError')) event.preventDefault()
}

/** Whether the browser's error has one of these names. */
export function isNamed(error: unknown, ...names: readonly string[]): boolean {
  return error instanceof DOMException && names.includes(error.name)
}

/**
 * Resolves when the transaction is complete and none of its requests has failed, which is when what it wrote is acknowledged.
 * In Chromium a transaction may complete although one of its puts has failed.
 */
export function completion(transaction: IDBTransaction): Promise<void> {
  const { db } = transaction
  return new Promise((resolve, reject) => {
    let failure: unknown
    transaction.addEventListener('error', (event) => {
      if (!event.defaultPrevented) failure ??= (event.target as IDBRequest).error
    })
    // Begun while its connection was being closed by force, a transaction never hears how it ended, in Chromium.
    const lost = () => reject(new DOMException('The connection was closed', 'UnknownError'))
    db.addEventListener('close', lost)
    transaction.addEventListener('complete', () => {
      db.removeEventListener('close', lost)
      if (failure === undefined) resolve()
      else reject(new Error(PARTLY_FAILED, { cause: failure }))
    })
    transaction.addEventListener('abort', () => {
      db.removeEventListener('close', lost)
      reject(transaction.error ?? new DOMException('The transaction was aborted', 'AbortError'))
    })
  })
}

const PARTLY_FAILED =
  'A part of the transaction failed, and the rest was completed: what was stored is not known'
