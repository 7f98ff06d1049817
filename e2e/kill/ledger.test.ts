import { describe, expect, it } from 'vitest'
import type { Call } from '../asking.ts'
import type { Found } from './accounts.ts'
import { Ledger } from './ledger.ts'

const DAY = 86_400

const set = (value: unknown): Call => ({ method: 'aset', args: ['own', value, { timeout: DAY }] })
const DELETE: Call = { method: 'adelete', args: ['own', {}] }
const COUNT: Call = { method: 'aincr', args: ['counter', 1, { initial: 0, timeout: null }] }
const take = (value: string): Call => ({ method: 'aadd', args: ['lock', value, { timeout: DAY }] })

/** The faults in finding this, after these calls with their answers, or with none. */
function faults(calls: readonly (readonly [Call, unknown?])[], found: Found): readonly string[] {
  const ledger = new Ledger()
  for (const [call, ...answer] of calls) {
    ledger.asked([call])
    if (answer.length > 0) ledger.answered([call], answer)
  }
  return ledger.faults(new Map(ledger.keys.map((key) => [key, found])))
}

const NOTHING: Found = { value: undefined, ttl: undefined }
const held = (value: unknown, ttl: number | null = DAY): Found => ({ value, ttl })

describe('the ledger', () => {
  it.each([
    { name: 'acknowledged', calls: [[set('a'), undefined]], found: held('a') },
    { name: 'in doubt, and done', calls: [[set('a'), undefined], [set('b')]], found: held('b') },
    { name: 'in doubt, and not done', calls: [[set('a'), undefined], [set('b')]], found: held('a') },
    {
      name: 'deleted',
      calls: [
        [set('a'), undefined],
        [DELETE, true],
      ],
      found: NOTHING,
    },
  ] as const)('accepts a write that was $name', ({ calls, found }) => {
    expect(faults(calls, found)).toEqual([])
  })

  it.each([
    { name: 'a lost write', calls: [[set('a'), undefined]], found: NOTHING },
    {
      name: 'an older value',
      calls: [
        [set('a'), undefined],
        [set('b'), undefined],
      ],
      found: held('a'),
    },
    { name: 'a value in part', calls: [[set('a'), undefined], [set('bb')]], found: held('b') },
    { name: 'another deadline', calls: [[set('a'), undefined]], found: held('a', null) },
    { name: 'half of a doubtful write', calls: [[set('a')]], found: held('a', 60) },
    {
      name: 'what was deleted',
      calls: [
        [set('a'), undefined],
        [DELETE, true],
      ],
      found: held('a'),
    },
    {
      name: 'a wrong answer',
      calls: [
        [set('a'), undefined],
        [DELETE, false],
      ],
      found: NOTHING,
    },
  ] as const)('finds $name', ({ calls, found }) => {
    expect(faults(calls, found)).toHaveLength(1)
  })

  it('accepts as many counts as were acknowledged, and those in doubt', () => {
    const calls = [[COUNT, 1], [COUNT, 2], [COUNT]] as const
    expect(faults(calls, held(2, null))).toEqual([])
    expect(faults(calls, held(3, null))).toEqual([])
  })

  it('finds a lost count, one too many, and one given twice', () => {
    const calls = [[COUNT, 1], [COUNT, 2], [COUNT]] as const
    expect(faults(calls, held(1, null))).toHaveLength(1)
    expect(faults(calls, held(4, null))).toHaveLength(1)
    expect(
      faults(
        [
          [COUNT, 1],
          [COUNT, 1],
        ],
        held(2, null),
      ),
    ).toHaveLength(1)
    // Somebody counted to 3: it cannot be 2 now, though only two were acknowledged.
    expect(faults([[COUNT, 3], [COUNT, 1], [COUNT]], held(2, null))).toHaveLength(1)
  })

  it('accepts that a lock is held by whom it was given, or by one in doubt', () => {
    expect(faults([[take('a'), true], [take('b'), false], [take('c')]], held('a'))).toEqual([])
    expect(faults([[take('b'), false], [take('c')]], held('c'))).toEqual([])
    expect(faults([[take('c')]], NOTHING)).toEqual([])
  })

  it('finds a lock that is lost, held by another, or given twice', () => {
    expect(faults([[take('a'), true]], NOTHING)).toHaveLength(1)
    expect(faults([[take('a'), true], [take('c')]], held('c'))).toHaveLength(1)
    expect(faults([[take('b'), false], [take('c')]], NOTHING)).toHaveLength(1)
    expect(
      faults(
        [
          [take('a'), true],
          [take('b'), true],
        ],
        held('a'),
      ),
    ).toHaveLength(1)
  })

  it('remembers over several deaths', () => {
    const ledger = new Ledger()
    ledger.asked([set('a'), COUNT])
    expect(
      ledger.faults(
        new Map([
          ['own', held('a')],
          ['counter', held(1, null)],
        ]),
      ),
    ).toEqual([])
    ledger.asked([COUNT])
    ledger.answered([COUNT], [2])
    expect(
      ledger.faults(
        new Map([
          ['own', NOTHING],
          ['counter', held(1, null)],
        ]),
      ),
    ).toHaveLength(2)
  })
})
