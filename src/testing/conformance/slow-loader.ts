interface SlowLoader<T> {
  readonly load: () => Promise<T>
  readonly loads: () => number
  readonly started: Promise<void>
  readonly finish: (value: T) => void
  readonly fail: (error: Error) => void
}

/** A loader that reports when it runs, and ends when the test says so. */
export function slowLoader<T>(): SlowLoader<T> {
  let loads = 0
  let begin = (): void => {}
  let finish = (_value: T): void => {}
  let fail = (_error: Error): void => {}
  const started = new Promise<void>((resolve) => {
    begin = resolve
  })
  const result = new Promise<T>((resolve, reject) => {
    finish = resolve
    fail = reject
  })
  const load = (): Promise<T> => {
    loads += 1
    begin()
    return result
  }
  return { load, loads: () => loads, started, finish, fail }
}
