export interface Task {
  readonly id: string
  readonly label: string
  /** In one request. */
  readonly operations: number
  readonly contestants: readonly string[]
  /** How many times the time of the bare calls it may take. */
  readonly most?: number
}

export const BASELINE = 'bare'

export const NAMES: Readonly<Record<string, string>> = {
  nearcache: 'nearcache',
  bare: 'bare calls',
  json: "KV.get(key, 'json')",
  kv: 'KV.put',
  unstorage: 'unstorage on KV',
}

export const TASKS: readonly Task[] = [
  {
    id: 'near-get',
    label: '`aget` of 1 kB, a copy answers',
    operations: 200,
    contestants: ['nearcache', 'bare', 'json', 'unstorage'],
    most: 1.15,
  },
  {
    id: 'near-many',
    label: '`agetMany` of 100, copies answer',
    operations: 10,
    contestants: ['nearcache', 'bare'],
  },
  {
    id: 'owner-get',
    label: '`aget` of 1 kB at the owner',
    operations: 200,
    contestants: ['nearcache', 'bare'],
  },
  {
    id: 'set',
    label: '`aset` of 1 kB',
    operations: 200,
    contestants: ['nearcache', 'bare', 'kv', 'unstorage'],
  },
  { id: 'set-many', label: '`asetMany` of 100', operations: 10, contestants: ['nearcache', 'bare'] },
  { id: 'incr', label: '`aincr`', operations: 200, contestants: ['nearcache', 'bare'], most: 1.15 },
  {
    id: 'incr-at-once',
    label: '1,000 `aincr` at once',
    operations: 1_000,
    contestants: ['nearcache', 'bare'],
    most: 0.1,
  },
]
