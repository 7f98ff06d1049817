import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type Bill, CALLS, dollars, LATER, PRICES } from './edge-costs.ts'

const page = readFileSync(new URL('edge.md', import.meta.url), 'utf8')

/** The rows of the table between two comments, but for its head. */
function shown(name: string): string[][] {
  const table = new RegExp(`<!-- ${name}.*?-->\n(.*?)<!-- /${name} -->`, 's').exec(page)?.[1] ?? ''
  const [, , ...rows] = table
    .trim()
    .split('\n')
    .map((row) =>
      row
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
  return rows
}

const counts = (bill: Bill): string[] => bill.map((count) => (count === 0 ? '' : String(count)))
const price = (bill: Bill | null): string => (bill === null ? '–' : `$${dollars(bill).toFixed(2)}`)

describe('edge.md', () => {
  it('shows what calls are billed for, as measured', () => {
    expect(shown('calls')).toEqual(
      Object.entries(CALLS).map(([call, [near, owners, alone]]) => [
        call,
        ...counts(near),
        ...[near, owners, alone].map(price),
      ]),
    )
  })

  it('shows what owners do afterwards, as measured', () => {
    expect(shown('later')).toEqual(
      Object.entries(LATER).map(([work, bill]) => [work, ...counts(bill), price(bill)]),
    )
  })

  it('shows the prices that it reckons with', () => {
    expect(shown('prices').map(([, , dollar]) => dollar)).toEqual(
      PRICES.map((price) => `$${price < 0.01 ? price : price.toFixed(2)}`),
    )
  })

  it('reckons in cents as shown by hand: a call, and a row written', () => {
    expect(dollars([0, 0, 1, 0, 1])).toBeCloseTo(0.15 + 1)
  })
})
