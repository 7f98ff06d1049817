import type { Call } from '../asking.ts'
import { type Account, Counter, type Found, Lock, OwnKey } from './accounts.ts'

/** Writes down what was asked of a store and what it acknowledged, and holds what is found there against it. */
export class Ledger {
  readonly #accounts = new Map<string, Account>()
  readonly #faults: string[] = []
  #asked = 0
  #acknowledged = 0

  get keys(): string[] {
    return [...this.#accounts.keys()]
  }

  get acknowledged(): number {
    return this.#acknowledged
  }

  /** Asked, and never answered. */
  get inDoubt(): number {
    return this.#asked - this.#acknowledged
  }

  asked(calls: readonly Call[]): void {
    for (const call of calls) this.#account(keyOf(call)).asked(call)
    this.#asked += calls.length
  }

  answered(calls: readonly Call[], answers: readonly unknown[]): void {
    for (const [index, call] of calls.entries()) {
      this.#note(keyOf(call), this.#account(keyOf(call)).answered(call, answers[index]))
    }
    this.#acknowledged += calls.length
  }

  /** What is wrong with what was answered so far, and with what was found now that everybody who asked is gone. */
  faults(found: ReadonlyMap<string, Found>): readonly string[] {
    for (const [key, account] of this.#accounts) {
      this.#note(key, account.found(found.get(key) ?? NOTHING))
    }
    return this.#faults
  }

  #account(key: string): Account {
    let account = this.#accounts.get(key)
    if (account === undefined) {
      account = key.startsWith('counter') ? new Counter() : key.startsWith('lock') ? new Lock() : new OwnKey()
      this.#accounts.set(key, account)
    }
    return account
  }

  #note(key: string, fault: string | undefined): void {
    if (fault !== undefined) this.#faults.push(`${key} ${fault}`)
  }
}

const NOTHING: Found = { value: undefined, ttl: undefined }

function keyOf({ args }: Call): string {
  return args[0] as string
}
