import { describe, expect, it } from 'vitest'
import type { Commit } from '../../core/batch.ts'
import { OpenTimeoutError } from './connection.ts'
import { WriteQueue } from './write-queue.ts'

const commitOf = (key: string, size = 1): Commit => ({
  changes: Array.from({ length: size }, () => ({ key, op: { kind: 'delete' } as const })),
  now: 0,
})

/** A queue, what was done in it so far, and what ends or fails what is running. */
function recorded() {
  const done: string[] = []
  const endings: PromiseWithResolvers<void>[] = []
  const retries: (() => void)[] = []
  const run = async (name: string) => {
    done.push(name)
    const ending = Promise.withResolvers<void>()
    endings.push(ending)
    await ending.promise
  }
  const queue = new WriteQueue({
    read: async ([read]) => {
      done.push(read?.keys[0] ?? '')
      return []
    },
    // The answer to a commit is its key.
    commit: async (commits, retrying) => {
      retries.push(retrying)
      const keys = commits.map(({ changes }) => changes[0]?.key)
      await run(keys.join('+'))
      return keys as never
    },
  })
  return {
    done,
    read: (name: string) => queue.read([{ keys: [name], wanted: 'value' }]),
    write: (name: string) =>
      queue.write((retrying) => {
        retries.push(retrying)
        return run(name)
      }),
    commit: (...commits: Commit[]): Promise<readonly unknown[]> => queue.commit(commits),
    /** As a write does that found no space and tries again. */
    retry: () => retries.at(-1)?.(),
    end: async () => {
      endings.shift()?.resolve()
      await settled()
    },
    fail: async (error = new Error('It failed')) => {
      endings.shift()?.reject(error)
      await settled()
    },
  }
}

async function settled(): Promise<void> {
  for (let hop = 0; hop < 20; hop += 1) await undefined
}

describe('WriteQueue', () => {
  it('begins at once where nothing waits', () => {
    const { done, write, read } = recorded()
    write('write')
    read('read')
    expect(done).toEqual(['write', 'read'])
  })

  it('makes together the commits that wait in a row, and gives each its own answers', async () => {
    const { done, commit, write, end } = recorded()
    const answers = [commit(commitOf('a')), commit(commitOf('b'), commitOf('c')), commit(commitOf('d'))]
    const written = write('sweep')
    const last = commit(commitOf('e'))
    for (let ended = 0; ended < 4; ended += 1) await end()
    expect(done).toEqual(['a', 'b+c+d', 'sweep', 'e'])
    expect(await Promise.all(answers)).toEqual([['a'], ['b', 'c'], ['d']])
    await Promise.all([written, last])
  })

  it('makes no more than so many changes together', async () => {
    const { done, commit, end } = recorded()
    const all = ['a', 'b', 'c', 'd', 'e'].map((key) => commit(commitOf(key, 1_000)))
    for (let ended = 0; ended < 3; ended += 1) await end()
    expect(done).toEqual(['a', 'b+c', 'd+e'])
    await Promise.all(all)
  })

  it('lets reads begin where they belong between the writes', async () => {
    const { done, commit, read, end } = recorded()
    const all = [
      commit(commitOf('a')),
      commit(commitOf('b')),
      read('read b'),
      commit(commitOf('c')),
      read('read c'),
    ]
    expect(done).toEqual(['a'])
    await end()
    expect(done).toEqual(['a', 'b', 'read b'])
    await end()
    expect(done).toEqual(['a', 'b', 'read b', 'c', 'read c'])
    await end()
    await Promise.all(all)
  })

  it('reads again what was read while a write before it found no room, before what waits', async () => {
    const { done, write, read, retry, end } = recorded()
    const all = [write('a'), read('read a'), write('b'), read('read b')]
    retry()
    await settled()
    expect(done).toEqual(['a', 'read a'])
    await end()
    expect(done).toEqual(['a', 'read a', 'read a', 'b', 'read b'])
    await end()
    await Promise.all(all)
  })

  it('goes on after what fails', async () => {
    const { done, write, fail, end } = recorded()
    const failed = expect(write('a')).rejects.toThrow('It failed')
    const written = write('b')
    await fail()
    await end()
    expect(done).toEqual(['a', 'b'])
    await Promise.all([failed, written])
  })

  it('fails all that wait where the database did not open, and nobody else where a transaction timed out', async () => {
    const told = async (error: Error) => {
      const { write, read, commit, fail, end, done } = recorded()
      const calls = [write('first'), write('second'), read('read'), commit(commitOf('a'))]
      const outcomes = Promise.allSettled(calls)
      await fail(error)
      for (let ended = 0; ended < 2; ended += 1) await end()
      return { done, outcomes: (await outcomes).map(({ status }) => status) }
    }
    // Chromium fails a transaction that idles for too long with an error of this name.
    const idled = new DOMException('Transaction timed out due to inactivity.', 'TimeoutError')
    expect(await told(idled)).toEqual({
      done: ['first', 'second', 'read', 'a'],
      outcomes: ['rejected', 'fulfilled', 'fulfilled', 'fulfilled'],
    })
    expect(await told(new OpenTimeoutError('It did not open'))).toEqual({
      done: ['first'],
      outcomes: ['rejected', 'rejected', 'rejected', 'rejected'],
    })
  })
})
