// Bytes per entry of one row, in a process of its own: node --expose-gc bytes.ts <sync | async> <row> <entries>
import { user, userKey } from './data.ts'
import { filling, type RowMaker } from './rows.ts'

const [face, id, entries] = process.argv.slice(2)
const count = Number(entries)
const makers: readonly RowMaker[] =
  face === 'async' ? (await import('./async-rows.ts')).asyncRows : (await import('./sync-rows.ts')).syncRows
const maker = makers.find((row) => row.id === id)
if (maker === undefined) throw new Error(`There is no row ${id}`)

// What the library makes once, at its first use, is not the entries'.
const warm = maker.make(10)
await filling(warm)(userKey(0), user(0))

const before = used()
const row = maker.make(count)
const fill = filling(row)
for (let n = 0; n < count; n += 1) await fill(userKey(n), user(n))
const bytes = (used() - before) / count
process.stdout.write(JSON.stringify(bytes), () => process.exit(row === warm ? 1 : 0))

function used(): number {
  for (let turn = 0; turn < 3; turn += 1) globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
