/** The calls between one `close` of an adapter and the next. */
export class Session {
  #underWay = 0
  #isClosing = false
  #resolveEnded = (): void => {}

  /** Whether `close` was called since: what ends now leaves nothing to be done later. */
  get isClosing(): boolean {
    return this.#isClosing
  }

  /** To be called at the beginning of a call, and `end` at its end. */
  begin(): this {
    this.#underWay += 1
    return this
  }

  end(): void {
    this.#underWay -= 1
    if (this.#underWay === 0) this.#resolveEnded()
  }

  /** Resolves when all calls that have begun have ended. No other may begin. */
  close(): Promise<void> {
    this.#isClosing = true
    if (this.#underWay === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#resolveEnded = resolve
    })
  }
}
