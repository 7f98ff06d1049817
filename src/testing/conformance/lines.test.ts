import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

/** The lines, 1 to 140, that `cacheSuite` and `cullingSuite` leave out, with the reason. */
const notApplicable: Readonly<Record<number, string>> = {
  64: "What else may lie in a place only its adapter knows: tested beside each adapter's run of the suite.",
  66: "How a place can go missing underneath only its adapter knows: tested beside each adapter's run of the suite.",
  68: 'There is no signal at the end of a request: `await using` or `caches.closeAll()` closes. Tested with the named caches.',
  69: 'About the registry of named caches, not about a cache: tested with `createCaches`.',
  83: 'There is no replica that a caller could tell from its owner. A place that counted on one would fail line 80.',
  137: "A cull that counts entries by a query of its own is a cost, not a result: it is the adapter's own to avoid.",
}

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
