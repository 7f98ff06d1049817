import type { Connection } from './connection.ts'
import { result } from './requests.ts'

/**
 * Keeps what is written in the order in which it was asked for, also where a write finds no room and is tried again: all that
 * was asked for after it comes after that.
 */
export class Order {
  /** Whether something is being tried again. */
  isRetrying = false
  readonly #connection: Connection
  readonly #waiting = new Map<number, () => void>()
  #places = 0
  #underWay = 0

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** The next place in the order. */
  take(): number {
    this.#places += 1
    return this.#places
  }

  /** Resolves when nothing is tried again any more, in the order of places. */
  wait(place: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.set(place, resolve)
    })
  }

  /** Does some work in a transaction. Begun behind others, it sees them end first, and gives way to one that is tried again. */
  async write<T>(work: (transaction: IDBTransaction) => Promise<T>, place: number = this.take()): Promise<T> {
    // At once where nothing is: what is read next must find it begun.
    if (this.isRetrying) await this.wait(place)
    const transaction = await this.#connection.transaction('readwrite')
    this.#underWay += 1
    try {
      // Its answer comes when those before it have ended, whatever is asked.
      if (this.#underWay > 1) await result(transaction.objectStore('totals').count())
      if (!this.isRetrying) return await work(transaction)
    } finally {
      this.#underWay -= 1
    }
    transaction.abort()
    return this.write(work, place)
  }

  /** Tries again what found no room, in transactions of its own. */
  async again<T>(work: () => Promise<T>): Promise<T> {
    this.isRetrying = true
    try {
      return await work()
    } finally {
      this.isRetrying = false
      const waiting = [...this.#waiting].sort(([one], [other]) => one - other)
      this.#waiting.clear()
      for (const [, go] of waiting) go()
    }
  }
}
