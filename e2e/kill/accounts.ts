import { Model, show } from '../../tests/model/model.ts'
import { type Call, packed } from '../asking.ts'

/** What a key was found to hold. */
export interface Found {
  /** `undefined`: nothing. */
  readonly value: unknown
  /** Seconds, exactly: no time passes for these caches. */
  readonly ttl: unknown
}

/** What is known of one key from what was asked of it and what was answered. Gives what is wrong, or `undefined`. */
export interface Account {
  asked(call: Call): void
  answered(call: Call, answer: unknown): string | undefined
  /** Everybody who asked is gone: what was not answered was done or not, and from now on it is known which. */
  found(found: Found): string | undefined
}

/** A key that one client alone writes, one call after another: all is known but whether its last call was done. */
export class OwnKey implements Account {
  #known = new Model(() => 0)
  #doubtful: Call | undefined

  asked(call: Call): void {
    this.#doubtful = call
  }

  answered(call: Call, answer: unknown): string | undefined {
    this.#doubtful = undefined
    const expected = apply(this.#known, call)
    return packed(answer) === packed(expected)
      ? undefined
      : `${call.method} answered ${brief(answer)} instead of ${brief(expected)}`
  }

  found(found: Found): string | undefined {
    const possible = [this.#known]
    if (this.#doubtful !== undefined) {
      const after = this.#known.copy()
      apply(after, this.#doubtful)
      possible.push(after)
    }
    const holdings = possible.map(holding)
    const match = possible[holdings.findIndex((one) => packed(one) === packed(found))]
    if (match === undefined) return `holds ${brief(found)} and not ${holdings.map(brief).join(' or ')}`
    this.#known = match
    this.#doubtful = undefined
    return undefined
  }
}

function apply(model: Model, { method, args }: Call): unknown {
  return model.apply({ cache: 0, method, args: ['key', ...args.slice(1)] })
}

function holding(model: Model): Found {
  const [value, ttl] = ['aget', 'attl'].map((method) => apply(model, { method, args: ['key', {}] }))
  return { value, ttl }
}

/** A counter that all clients count on, by one and from zero. */
export class Counter implements Account {
  #from = 0
  #asked = 0
  #answers = new Set<number>()

  asked(): void {
    this.#asked += 1
  }

  answered(_call: Call, answer: unknown): string | undefined {
    const isNew = typeof answer === 'number' && answer > this.#from && !this.#answers.has(answer)
    this.#answers.add(answer as number)
    return isNew ? undefined : `counted to ${brief(answer)} more than once`
  }

  found({ value = 0, ttl }: Found): string | undefined {
    const least = Math.max(this.#from + this.#answers.size, ...this.#answers)
    const most = this.#from + this.#asked
    if (typeof value !== 'number' || value < least || value > most || (value > 0 && ttl !== null)) {
      return `holds ${brief({ value, ttl })} and not ${least} to ${most}, for ever`
    }
    this.#from = value
    this.#asked = 0
    this.#answers.clear()
    return undefined
  }
}

/** A key that any client tries to add, each with a value of its own, and nobody removes. */
export class Lock implements Account {
  readonly #doubtful = new Set<unknown>()
  #holder: unknown
  #isHeld = false

  asked({ args: [, value] }: Call): void {
    this.#doubtful.add(value)
  }

  answered({ args: [, value] }: Call, answer: unknown): string | undefined {
    this.#doubtful.delete(value)
    this.#isHeld = true
    if (answer !== true) return answer === false ? undefined : `aadd answered ${brief(answer)}`
    if (this.#holder !== undefined) return `was given to ${brief(value)} and to ${brief(this.#holder)}`
    this.#holder = value
    return undefined
  }

  found({ value }: Found): string | undefined {
    const possible =
      this.#holder === undefined ? [...this.#doubtful, ...(this.#isHeld ? [] : [undefined])] : [this.#holder]
    if (!possible.includes(value)) {
      return `is held by ${brief(value)} and not by ${possible.map(brief).join(' or ')}`
    }
    this.#holder = value
    this.#isHeld = value !== undefined
    this.#doubtful.clear()
    return undefined
  }
}

function brief(value: unknown): string {
  const text = show(value)
  return text.length > 80 ? `${text.slice(0, 80)}… (${text.length})` : text
}
