import { expect } from 'vitest'
import type { TestedCache } from '../sync-twins.ts'
import type { Scene, Twins } from './context.ts'

/** A store in which there is something to lose. */
export async function stocked(open: () => Scene): Promise<Scene> {
  const scene = open()
  await scene.main.asetMany({ key: 'old', number: 41 }, 100)
  return scene
}

/** That nothing was lost, and nothing stored. */
export async function expectStock(main: TestedCache): Promise<void> {
  const stock = await main.agetMany(['key', 'number', 'absent', 'broken'])
  expect([...stock]).toEqual([
    ['key', 'old'],
    ['number', 41],
  ])
  expect(await main.attl('key')).toBe(100)
  expect(await main.attl('number')).toBe(100)
}

/** How the message of an error of this method begins. */
export function messageOf(twins: Twins, method: string): RegExp {
  return new RegExp(`^${twins === 'async' ? 'a' : ''}${method} `)
}
