import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type LaggingKVOptions, laggingKV } from './index.ts'

function open(options: Partial<LaggingKVOptions> = {}) {
  const time = { now: 1_800_000_000_000 }
  const kv = laggingKV({ clock: () => time.now, random: () => 0.5, ...options })
  const text = async (location: ReturnType<typeof kv.at>, key = 'key', cacheTtl = 60) =>
    (await location.getWithMetadata(key, { type: 'text', cacheTtl })).value
  const pass = (seconds: number) => {
    time.now += seconds * 1000
  }
  return { kv, text, pass, time, paris: kv.at('paris'), tokyo: kv.at('tokyo') }
}

describe('the lagging double', () => {
  it('caches values and misses per location for cacheTtl', async () => {
    const { paris, tokyo, text, pass } = open()
    expect(await text(tokyo)).toBeNull()
    await paris.put('key', 'first')
    pass(59)
    expect(await text(tokyo)).toBeNull()
    pass(1)
    expect(await text(tokyo)).toBe('first')
    await paris.put('key', 'second')
    pass(59)
    expect(await text(tokyo)).toBe('first')
    // A shorter `cacheTtl` shortens how long the value is cached.
    expect(await text(tokyo, 'key', 30)).toBe('second')
    await paris.delete('key')
    pass(30)
    expect(await text(tokyo, 'key', 30)).toBeNull()
  })

  it('shows a write elsewhere only after a delay', async () => {
    const { paris, tokyo, text, pass } = open({ visibility: 20 })
    await paris.put('key', 'value')
    pass(9.999)
    expect(await text(tokyo, 'key')).toBeNull()
    const { paris: there, kv, text: read, pass: wait } = open({ visibility: 20 })
    await there.put('key', 'value')
    wait(10)
    expect(await read(kv.at('tokyo'))).toBe('value')
  })

  it('usually shows a location its own write at once, and not always', async () => {
    for (const [ownWrites, seen] of [
      [1, 'second'],
      [0, 'first'],
    ] as const) {
      const { paris, text, pass } = open({ ownWrites })
      await paris.put('key', 'first')
      expect(await text(paris)).toBe('first')
      pass(1)
      await paris.put('key', 'second')
      expect(await text(paris)).toBe(seen)
    }
  })

  it('never returns an expired value, even from its cache', async () => {
    const { paris, text, pass } = open()
    await paris.put('key', 'value', { expirationTtl: 60 })
    expect(await text(paris)).toBe('value')
    pass(59.999)
    expect(await text(paris, 'key', 3_600)).toBe('value')
    pass(0.001)
    expect(await text(paris, 'key', 3_600)).toBeNull()
  })

  it.each([
    ['refuse', 'first', 'KV PUT failed: 429 Too Many Requests'],
    ['lose', 'first', undefined],
    ['take', 'second', undefined],
  ] as const)('accepts one write a second per key: %s', async (overwrites, left, error) => {
    const { paris, text, pass } = open({ overwrites, ownWrites: 1 })
    await paris.put('key', 'first')
    pass(0.999)
    const refused = await paris.put('key', 'second').then(
      () => undefined,
      ({ message }: Error) => message,
    )
    expect(refused).toBe(error)
    expect(await text(paris)).toBe(left)
    pass(0.001)
    await paris.put('key', 'third')
    expect(await text(paris)).toBe('third')
  })

  it('fails on request, and a failed write may have taken effect', async () => {
    let status: number | 'lands' | undefined = 500
    const { paris, text } = open({ fail: () => status, ownWrites: 1 })
    await expect(paris.put('key', 'value')).rejects.toThrow('KV PUT failed: 500 Internal Server Error')
    await expect(text(paris)).rejects.toThrow('KV GET failed: 500')
    await expect(paris.getWithMetadata(['key'], { type: 'text' })).rejects.toThrow('KV GET_BULK failed: 500')
    await expect(paris.delete('key')).rejects.toThrow('KV DELETE failed: 500')
    status = 'lands'
    await expect(paris.put('key', 'value')).rejects.toThrow('KV PUT failed: 500')
    status = undefined
    expect(await text(paris)).toBe('value')
  })

  it('counts billed operations, and removes a key on request', async () => {
    const { kv, paris, tokyo, text } = open({ visibility: 0 })
    await paris.put('key', new Uint8Array([104, 105]), { metadata: { a: 1 } })
    expect(await tokyo.getWithMetadata(['key', 'key', 'none'], { type: 'text' })).toEqual(
      new Map<string, unknown>([
        ['key', { value: 'hi', metadata: { a: 1 } }],
        ['none', null],
      ]),
    )
    expect(new Uint8Array((await tokyo.get('key', { type: 'arrayBuffer' })) ?? [])).toEqual(
      new Uint8Array([104, 105]),
    )
    await paris.delete('none')
    expect(kv.bill).toEqual({ reads: 3, writes: 1, deletes: 1 })
    kv.lose('key')
    expect(await text(tokyo)).toBeNull()
    expect(await text(paris)).toBeNull()
  })

  it('never goes back in time at one location', async () => {
    const step = fc.record({
      place: fc.nat(2),
      isWrite: fc.boolean(),
      seconds: fc.constantFrom(0, 1, 5, 31, 61),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(step),
        fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1 }),
        async (steps, drawn) => {
          let draw = 0
          const random = () => drawn[draw++ % drawn.length] as number
          const { kv, text, pass } = open({ random, visibility: 20, ownWrites: 0.5 })
          const places = ['a', 'b', 'c'].map((name) => ({ at: kv.at(name), seen: 0 }))
          let last = 0
          for (const { place, isWrite, seconds } of steps) {
            const { at } = places[place] as (typeof places)[number]
            pass(seconds)
            if (isWrite) {
              pass(1)
              last += 1
              await at.put('key', String(last))
            } else {
              const spot = places[place] as (typeof places)[number]
              const seen = Number(await text(at, 'key', 30))
              expect(seen).toBeGreaterThanOrEqual(spot.seen)
              spot.seen = seen
            }
          }
        },
      ),
    )
  })
})
