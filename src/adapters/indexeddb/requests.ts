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
  const last = requests.at(-1)
  if (last === undefined) return []
  await result(last)
  return requests.map((request) => request.result)
}

/** Whether the browser's error has one of these names. */
export function isNamed(error: unknown, ...names: readonly string[]): boolean {
  return error instanceof DOMException && names.includes(error.name)
}

/** Resolves when the transaction is complete, which is when what it wrote is acknowledged. */
export function completion(transaction: IDBTransaction): Promise<void> {
  const { db } = transaction
  return new Promise((resolve, reject) => {
    // Begun while its connection was being closed by force, a transaction never hears how it ended, in Chromium.
    const lost = () => reject(new DOMException('The connection was closed', 'UnknownError'))
    db.addEventListener('close', lost)
    transaction.addEventListener('complete', () => {
      db.removeEventListener('close', lost)
      resolve()
    })
    transaction.addEventListener('abort', () => {
      db.removeEventListener('close', lost)
      reject(transaction.error ?? new DOMException('The transaction was aborted', 'AbortError'))
    })
  })
}
