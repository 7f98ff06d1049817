/** The result of a request. If it fails, its transaction is aborted, and the transaction's error is the reason. */
export function result<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(request.error))
  })
}

/**
 * The results of requests made one after another. The browser answers them in that order, so only the last one is awaited:
 * a promise for each of a thousand costs as much as the reading.
 * https://w3c.github.io/IndexedDB/#transaction-lifetime-concept
 */
export async function results<T>(requests: readonly IDBRequest<T>[]): Promise<T[]> {
  await answered(requests)
  return requests.map((request) => {
    // `undefined` in fake-indexeddb where browsers have `null`.
    if (request.error) throw request.error
    return request.result
  })
}

/** Resolves when all of these requests, made one after another, have a result or an error. */
export function answered(requests: readonly IDBRequest[]): Promise<unknown> {
  return new Promise((resolve) => {
    const last = requests.at(-1)
    if (last === undefined) return resolve(undefined)
    last.addEventListener('success', resolve)
    last.addEventListener('error', resolve)
  })
}

/** Runs `work`, and resolves when the transaction is complete. If either fails, nothing is stored. */
export async function inTransaction<T>(
  transaction: IDBTransaction,
  work: (transaction: IDBTransaction) => Promise<T>,
): Promise<T> {
  const worked = work(transaction).catch((error: unknown) => abort(transaction, error))
  // Awaited together: a failure rejects both, and neither may be left unhandled.
  const [done] = await Promise.all([worked, completion(transaction)])
  return done
}

/** Aborts the transaction and throws. The transaction knows better than a request why it failed. */
export function abort(transaction: IDBTransaction, error: unknown): never {
  const isOurs = error instanceof Error && !(error instanceof DOMException)
  const cause = isOurs ? error : (transaction.error ?? error)
  try {
    transaction.abort()
  } catch {
    // It has ended already, for the same reason.
  }
  throw cause
}

/**
 * Resolves when the transaction is complete. Chromium completes one whose `commit` was called even if a request fails
 * afterwards: then some of it is stored, and this rejects.
 */
export function completion(transaction: IDBTransaction): Promise<void> {
  const { db } = transaction
  return new Promise((resolve, reject) => {
    let failure: unknown
    transaction.addEventListener('error', (event) => {
      if (!event.defaultPrevented) failure ??= (event.target as IDBRequest).error
    })
    // In Chromium, a transaction begun while its connection is closed by force gets no event.
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

const PARTLY_FAILED = 'Part of the transaction failed: it is not known what was stored'

/** True if the browser's error has one of these names. */
export function isNamed(error: unknown, ...names: readonly string[]): boolean {
  return error instanceof DOMException && names.includes(error.name)
}
