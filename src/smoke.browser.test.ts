import { openDB } from 'idb'
import { expect, it } from 'vitest'

it('keeps a value in IndexedDB', async () => {
  const db = await openDB(crypto.randomUUID(), 1, { upgrade: (fresh) => void fresh.createObjectStore('kv') })
  await db.put('kv', new Map([['one', 1n]]), 'key')
  expect(await db.get('kv', 'key')).toEqual(new Map([['one', 1n]]))
  db.close()
})
