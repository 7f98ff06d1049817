import { expect, it } from 'vitest'

it('runs in Node', () => {
  expect(Number(process.versions.node.split('.')[0])).toBeGreaterThanOrEqual(22)
})
