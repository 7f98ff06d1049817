import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Deadlines, withDeadline } from './deadline.ts'

describe('withDeadline', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
  afterEach(() => vi.useRealTimers())

  const late = () => new Error('too late')
  const never = new Promise<never>(() => {})

  it('rejects when the time is over, and not before', async () => {
    const waited = withDeadline(never, 1_000, late)
    const outcome = vi.fn()
    waited.catch(outcome)
    await vi.advanceTimersByTimeAsync(999)
    expect(outcome).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    expect(outcome).toHaveBeenCalledWith(new Error('too late'))
  })

  it('passes on the result or error of the work, and leaves no timer', async () => {
    expect(await withDeadline(Promise.resolve(1), 1_000, late)).toBe(1)
    await expect(withDeadline(Promise.reject(new Error('no')), 1_000, late)).rejects.toThrow('no')
    expect(vi.getTimerCount()).toBe(0)
  })

  it.each([0, 200, 500, 900])(
    'takes an answer that was queued while the thread was blocked, after %d ms',
    async (before) => {
      const work = Promise.withResolvers<string>()
      const waited = withDeadline(work.promise, 1_000, late)
      await vi.advanceTimersByTimeAsync(before)
      // The clock advances while the thread is blocked. Then the due timer runs before the answer.
      const now = performance.now()
      const blocked = vi.spyOn(performance, 'now').mockReturnValue(now + 60_000)
      await vi.advanceTimersToNextTimerAsync()
      blocked.mockRestore()
      work.resolve('in time')
      expect(await waited).toBe('in time')
    },
  )

  it('does not count the time in which the thread was blocked', async () => {
    const outcome = vi.fn()
    withDeadline(never, 1_000, late).catch(outcome)
    const blocked = vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 60_000)
    await vi.advanceTimersToNextTimerAsync()
    blocked.mockRestore()
    await vi.advanceTimersByTimeAsync(749)
    expect(outcome).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    expect(outcome).toHaveBeenCalled()
  })

  it('waits for longer than a timer can', async () => {
    const outcome = vi.fn()
    withDeadline(never, 2 ** 40, late).catch(outcome)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(outcome).not.toHaveBeenCalled()
  })
})

describe('Deadlines', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
  afterEach(() => vi.useRealTimers())

  const late = (name: string) => () => new Error(`${name} is too late`)
  const never = () => new Promise<never>(() => {})

  it('share a timer among the calls of one turn, and none between turns', async () => {
    const deadlines = new Deadlines(1_000)
    const first = [deadlines.wait(never(), late('a')), deadlines.wait(never(), late('b'))]
    expect(vi.getTimerCount()).toBe(1)
    await null
    const second = Array.from({ length: 1_000 }, () => deadlines.wait(never(), late('c')))
    expect(vi.getTimerCount()).toBe(2)
    const settled = Promise.allSettled([...first, ...second])
    await vi.advanceTimersByTimeAsync(1_000)
    const reasons = (await settled).map((one) => one.status === 'rejected' && one.reason.message)
    expect(reasons.slice(0, 3)).toEqual(['a is too late', 'b is too late', 'c is too late'])
    expect(new Set(reasons).size).toBe(3)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('give each call its own result, error or deadline', async () => {
    const deadlines = new Deadlines(1_000)
    const { promise, resolve } = Promise.withResolvers<string>()
    const calls = [
      deadlines.wait(promise, late('a')),
      deadlines.wait(Promise.reject(new Error('broken')), late('b')),
      deadlines.wait(never(), late('c')),
    ]
    const settled = Promise.allSettled(calls)
    await vi.advanceTimersByTimeAsync(900)
    resolve('in time')
    await vi.advanceTimersByTimeAsync(100)
    expect(await settled).toMatchObject([
      { value: 'in time' },
      { reason: { message: 'broken' } },
      { reason: { message: 'c is too late' } },
    ])
  })

  it('leave no timer once all calls are answered, and set another for a later call of the same turn', async () => {
    const deadlines = new Deadlines(1_000)
    const { promise, resolve } = Promise.withResolvers<number>()
    const answered = deadlines.wait(promise, late('a'))
    resolve(1)
    let next: Promise<number> | undefined
    // After the answer arrived, and before the end of the turn.
    answered.then(() => {
      next = deadlines.wait(Promise.resolve(2), late('b'))
    })
    expect(await answered).toBe(1)
    await null
    expect(await next).toBe(2)
    expect(vi.getTimerCount()).toBe(0)
  })
})
