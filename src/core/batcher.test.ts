import { describe, expect, it } from 'vitest'
import type { Change, Entry, Outcome } from './adapter.ts'
import type { Commit } from './batch.ts'
import { Batcher, type Read } from './batcher.ts'

const set = (key: string, value: number): Change => ({
  key,
  op: { kind: 'set', entry: { value, expiresAt: null } },
})
const commit = (...changes: Change[]): Commit => ({ changes, now: 0 })
const read = (...keys: string[]): Read => ({ keys, wanted: 'value' })

/** Records its batches, and answers each change with the number of its transaction. */
class Recorder {
  readonly asked: string[] = []
  failing: unknown

  async read(reads: readonly Read[]): Promise<Entry[][]> {
    this.asked.push(`read ${reads.flatMap(({ keys }) => keys)}`)
    return reads.map(({ keys }) => keys.map((value) => ({ value, expiresAt: null })))
  }

  async commit(commits: readonly Commit[]): Promise<(Outcome[] | Promise<Outcome[]>)[]> {
    this.asked.push(`commit ${commits.flatMap(({ changes }) => changes.map(({ key }) => key))}`)
    if (this.failing !== undefined) throw this.failing
    const value = this.asked.length
    return commits.map(({ changes }) =>
      changes.some(({ key }) => key === 'bad')
        ? Promise.reject(new Error('bad'))
        : changes.map(() => ({ ok: true, value })),
    )
  }
}

describe('Batcher', () => {
  it('batches the calls of one turn, and gives each its own answer', async () => {
    const work = new Recorder()
    const turns = new Batcher(work)
    const answers = await Promise.all([
      turns.commit(commit(set('a', 1), set('b', 1))),
      turns.commit(commit(set('c', 1))),
    ])
    expect(work.asked).toEqual(['commit a,b,c'])
    expect(answers.map((outcomes) => outcomes.length)).toEqual([2, 1])
  })

  it('starts a single call in its own turn', async () => {
    const work = new Recorder()
    const turns = new Batcher(work)
    void turns.read(read('a'))
    await Promise.resolve()
    expect(work.asked).toEqual(['read a'])
  })

  it('lets a read see the commits requested before it', async () => {
    const work = new Recorder()
    const turns = new Batcher(work)
    await Promise.all([
      turns.read(read('a')),
      turns.commit(commit(set('a', 1))),
      turns.read(read('a', 'b')),
      turns.commit(commit(set('b', 1))),
    ])
    expect(work.asked).toEqual(['read a', 'commit a,b', 'read a,b'])
  })

  it('puts the calls of the next turn into another batch', async () => {
    const work = new Recorder()
    const turns = new Batcher(work)
    await turns.commit(commit(set('a', 1)))
    await turns.commit(commit(set('b', 1)))
    expect(work.asked).toEqual(['commit a', 'commit b'])
  })

  it('runs the pending requests at once on start()', async () => {
    const work = new Recorder()
    const turns = new Batcher(work)
    const first = turns.commit(commit(set('a', 1)))
    turns.start()
    expect(work.asked).toEqual(['commit a'])
    await Promise.all([first, turns.commit(commit(set('b', 1)))])
    expect(work.asked).toEqual(['commit a', 'commit b'])
  })

  it('limits the size of a batch', async () => {
    const work = new Recorder()
    const turns = new Batcher(work)
    const calls = Array.from({ length: 5_000 }, (_, index) => turns.commit(commit(set(String(index), 1))))
    const answers = await Promise.all(calls)
    expect(answers.map(([outcome]) => outcome?.ok && outcome.value)).toEqual(
      calls.map((_, index) => Math.floor(index / 2_000) + 1),
    )
  })

  it('rejects the calls of a failed batch, and no others', async () => {
    const work = new Recorder()
    const turns = new Batcher(work)
    const [bad, good] = await Promise.allSettled([
      turns.commit(commit(set('bad', 1))),
      turns.commit(commit(set('good', 1))),
    ])
    expect([bad.status, good.status]).toEqual(['rejected', 'fulfilled'])
    work.failing = new Error('all')
    const failed = await Promise.allSettled([
      turns.commit(commit(set('a', 1))),
      turns.commit(commit(set('b', 1))),
      turns.read(read('a')),
    ])
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled'])
  })
})
