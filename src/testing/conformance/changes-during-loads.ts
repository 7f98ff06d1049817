import type { Supports } from '../../core/adapter.ts'
import type { TestedCache } from '../sync-twins.ts'

/** The changes of `'key'` during its load: in this process, and elsewhere without its knowledge. */
export interface Act {
  readonly what: string
  readonly steps: readonly ((main: TestedCache, elsewhere: TestedCache) => Promise<unknown>)[]
}

/** Changes that succeed, or that always supersede a load, and the value afterwards. */
export const superseded: readonly (Act & { readonly left: unknown })[] = [
  { what: 'set', steps: [(main) => main.aset('key', 'theirs')], left: 'theirs' },
  { what: 'set of what is dead at once', steps: [(main) => main.aset('key', 'theirs', 0)], left: undefined },
  { what: 'setMany', steps: [(main) => main.asetMany({ key: 'theirs', other: 1 })], left: 'theirs' },
  { what: 'delete of a missing key', steps: [(main) => main.adelete('key')], left: undefined },
  {
    what: 'deleteMany of missing keys',
    steps: [(main) => main.adeleteMany(['other', 'key'])],
    left: undefined,
  },
  { what: 'clear', steps: [(main) => main.aclear()], left: undefined },
  { what: 'add', steps: [(main) => main.aadd('key', 'theirs')], left: 'theirs' },
  {
    what: 'add, and a delete elsewhere',
    steps: [(main) => main.aadd('key', 'theirs'), (_, elsewhere) => elsewhere.adelete('key')],
    left: undefined,
  },
  { what: 'incr with initial', steps: [(main) => main.aincr('key', 1, { initial: 0 })], left: 1 },
  {
    what: 'incr of a number from elsewhere',
    steps: [
      (_, elsewhere) => elsewhere.aset('key', 1),
      (main) => main.aincr('key'),
      (_, elsewhere) => elsewhere.adelete('key'),
    ],
    left: undefined,
  },
  {
    what: 'touch of a value from elsewhere',
    steps: [
      (_, elsewhere) => elsewhere.aset('key', 'theirs'),
      (main) => main.atouch('key', 60),
      (_, elsewhere) => elsewhere.adelete('key'),
    ],
    left: undefined,
  },
  {
    what: 'touch that removes a value from elsewhere',
    steps: [(_, elsewhere) => elsewhere.aset('key', 'theirs'), (main) => main.atouch('key', 0)],
    left: undefined,
  },
  {
    what: 'pop of a value from elsewhere',
    steps: [(_, elsewhere) => elsewhere.aset('key', 'theirs'), (main) => main.apop('key')],
    left: undefined,
  },
  {
    what: 'incrVersion onto it',
    steps: [(main) => main.aincrVersion('key', 1, { version: 0 })],
    left: 'moved',
  },
  {
    what: 'decrVersion onto it',
    steps: [(main) => main.adecrVersion('key', -1, { version: 0 })],
    left: 'moved',
  },
  {
    what: 'incrVersion away from it',
    steps: [(_, elsewhere) => elsewhere.aset('key', 'theirs'), (main) => main.aincrVersion('key')],
    left: undefined,
  },
  {
    what: 'set, then incrVersion away from it',
    steps: [(main) => main.aset('key', 'theirs'), (main) => main.aincrVersion('key')],
    left: undefined,
  },
  {
    what: 'a lock, taken and gone',
    steps: [(main) => main.alock('key', { timeout: 60 }), (_, elsewhere) => elsewhere.adelete('key')],
    left: undefined,
  },
]

/** Changes in this process that change nothing, and how each reports it. */
interface RefusedAct extends Act {
  readonly answers: readonly unknown[]
  /** True if the key is changed elsewhere, which supersedes the load if the adapter `supports.sharedLoads`. */
  readonly isChangedElsewhere?: true
}

/** The acts that leave a load as it is. */
export function refusedFor({ sharedLoads }: Supports): readonly RefusedAct[] {
  return refused.filter(({ isChangedElsewhere }) => !(sharedLoads && isChangedElsewhere))
}

const refused: readonly RefusedAct[] = [
  { what: 'touch of a missing key', steps: [(main) => main.atouch('key', 60)], answers: [false] },
  { what: 'incr of a missing key', steps: [(main) => main.aincr('key')], answers: ['KEY_NOT_FOUND'] },
  { what: 'decr of a missing key', steps: [(main) => main.adecr('key', 2)], answers: ['KEY_NOT_FOUND'] },
  {
    what: 'incr of a text from elsewhere',
    isChangedElsewhere: true,
    steps: [
      (_, elsewhere) => elsewhere.aset('key', 'text'),
      (main) => main.aincr('key'),
      (_, elsewhere) => elsewhere.adelete('key'),
    ],
    answers: [undefined, 'NOT_AN_INTEGER', true],
  },
  {
    what: 'incr beyond the integers',
    isChangedElsewhere: true,
    steps: [
      (_, elsewhere) => elsewhere.aset('key', Number.MAX_SAFE_INTEGER),
      (main) => main.aincr('key'),
      (_, elsewhere) => elsewhere.adelete('key'),
    ],
    answers: [undefined, 'OUT_OF_RANGE', true],
  },
  { what: 'pop of a missing key', steps: [(main) => main.apop('key')], answers: [undefined] },
  {
    what: 'incrVersion of a missing key',
    steps: [(main) => main.aincrVersion('key')],
    answers: ['KEY_NOT_FOUND'],
  },
  {
    what: 'incrVersion onto it of a missing key',
    steps: [(main) => main.aincrVersion('key', 1, { version: 7 }), (main) => main.adecrVersion('key')],
    answers: ['KEY_NOT_FOUND', 'KEY_NOT_FOUND'],
  },
  {
    what: 'add beside a value from elsewhere',
    isChangedElsewhere: true,
    steps: [
      (_, elsewhere) => elsewhere.aset('key', 'theirs'),
      (main) => main.aadd('key', 'refused'),
      (_, elsewhere) => elsewhere.adelete('key'),
    ],
    answers: [undefined, false, true],
  },
  {
    what: 'a lock that is taken elsewhere',
    isChangedElsewhere: true,
    steps: [
      (_, elsewhere) => elsewhere.aset('key', 1),
      (main) => main.alock('key', { timeout: 60 }),
      (_, elsewhere) => elsewhere.adelete('key'),
    ],
    answers: [undefined, undefined, true],
  },
  {
    what: 'changes of another key',
    steps: [(main) => main.aset('other', 1), (main) => main.adelete('other'), (main) => main.apop('other')],
    answers: [undefined, true, undefined],
  },
]
