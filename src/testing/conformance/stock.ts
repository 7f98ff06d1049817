import { expect } from 'vitest'
import type { TestedCache } from '../sync-twins.ts'
import type { Scene, Twins } from './context.ts'

/** A store with entries that a refused call must not lose. */
export async function stocked(open: () => Scene): Promise<Scene> {
  const scene = open()
  await scene.main.asetMany({ key: 'old', number: 41 }, 100)
  return scene
}

/** Asserts that nothing was lost or stored. */
export async function expectStock(main: TestedCache): Promise<void> {
  const stock = await main.agetMany(['key', 'number', 'absent', 'broken'])
  expect([...stock]).toEqual([
    ['key', 'old'],
    ['number', 41],
  ])
  expect(await main.attl('key')).toBe(100)
  expect(await main.attl('number')).toBe(100)
}

/** How an error message of this method starts. */
export function messageOf(twins: Twins, method: string): RegExp {
  return new RegExp(`^${twins === 'async' ? 'a' : ''}${method} `)
}
