import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { notApplicable } from './not-applicable.ts'

it('has a test for every line of the conformance list, or a reason for having none', () => {
  const sections = readdirSync(import.meta.dirname).filter((name) => !name.endsWith('.test.ts'))
  const tested = sections.flatMap((name) => {
    const source = readFileSync(`${import.meta.dirname}/${name}`, 'utf8')
    return Array.from(source.matchAll(/\(\s*['"`](\d+)\. /g), ([, line]) => Number(line))
  })
  const left = Object.keys(notApplicable).map(Number)
  const lines = Array.from({ length: 140 }, (_, index) => index + 1)
  expect([...new Set(tested), ...left].sort((a, b) => a - b)).toEqual(lines)
})
