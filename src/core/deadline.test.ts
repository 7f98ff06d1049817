import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { withDeadline } from './deadline.ts'

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

  it('gives the answer and the failure of the work, and leaves no timer', async () => {
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
      // The clock moves on while nothing runs; then the timer that is due runs before the answer.
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
