// One table, in a process of its own: node speed.ts <sync | async> <keys> <rounds> <milliseconds> <rows>
import { counters, scores, users, type Work } from './data.ts'
import { callAsync, callSync, interleave, type Rates } from './interleave.ts'
import { isWanted, splitRows } from './options.ts'
import { type Call, filling, made, type Op, type RowMaker } from './rows.ts'

interface MeasuredColumn {
  readonly name: string
  readonly rates: Rates
}

interface Asked {
  readonly name: string
  readonly op: Op
  readonly work: Work
}

const [face = '', keys = '', rounds = '', milliseconds = '', rows = ''] = process.argv.slice(2)
const isAsync = face === 'async'
const loop = isAsync ? callAsync : callSync
const count = Number(keys)
const makers: readonly RowMaker[] = isAsync
  ? (await import('./async-rows.ts')).asyncRows
  : (await import('./sync-rows.ts')).syncRows

const people = users(count)
const numbers = scores(count > 100_000 ? 0 : count)
const counts = counters()
const entries = people.keys.length + numbers.keys.length + counts.keys.length
const wanted = makers.filter(({ id }) => isWanted(id, splitRows(rows)))
const libraries = wanted.map((maker) => ({ id: maker.id, row: made(maker, entries) }))

const columns: MeasuredColumn[] = []
for (const { name, op, work } of asked()) {
  const calls = new Map<string, Call>()
  for (const { id, row } of libraries) {
    const call = row[op]
    if (call === undefined) continue
    const fill = filling(row)
    // Anew for each column, so that nothing comes to its deadline while it is measured.
    for (const [index, key] of work.keys.entries()) await fill(key, work.values[index])
    calls.set(id, call)
  }
  globalThis.gc?.()
  const mustHit = op === 'get' || op === 'getOrSet'
  const plan = { rounds: Number(rounds), milliseconds: Number(milliseconds) }
  columns.push({ name, rates: await interleave(calls, work, loop, mustHit, plan) })
  console.error(`  ${face} ${name}, ${keys} keys`)
}
process.stdout.write(JSON.stringify(columns), () => process.exit())

function asked(): Asked[] {
  if (numbers.keys.length === 0) {
    const write: Asked[] = isAsync ? [] : [{ name: 'set', op: 'set', work: people }]
    const getOrSet: Asked[] = isAsync ? [{ name: 'getOrSet hit', op: 'getOrSet', work: people }] : []
    return [{ name: 'get', op: 'get', work: people }, ...write, ...getOrSet]
  }
  return [
    { name: 'get', op: 'get', work: people },
    ...(isAsync ? [{ name: 'get number', op: 'get', work: numbers } as const] : []),
    { name: 'set', op: 'set', work: people },
    { name: 'getOrSet hit', op: 'getOrSet', work: people },
    { name: 'incr', op: 'incr', work: counts },
  ]
}
