import { describe, expect, it } from 'vitest'
import { memoryAdapter } from '../adapters/memory/index.ts'
import type { Adapter } from './adapter.ts'
import { createCache } from './create-cache.ts'

const NO_WORD = (): string => 'app'

describe('the error messages of createCache() and its methods', () => {
  it.each([
    { given: 'the adapter itself', options: memoryAdapter() },
    { given: 'a factory that was not called', options: { adapter: memoryAdapter } },
    { given: 'no adapter', options: {} },
    { given: 'nothing', options: undefined },
    { given: 'null', options: null },
    { given: 'a promise of an adapter', options: { adapter: Promise.resolve(memoryAdapter()) } },
    {
      given: 'an adapter without supports',
      options: { adapter: { ...memoryAdapter(), supports: undefined } },
    },
    { given: 'an adapter that cannot read', options: { adapter: { ...memoryAdapter(), read: undefined } } },
  ])('name the missing option: $given', ({ options }) => {
    expect(() => createCache(options as never)).toThrow('{ adapter: memoryAdapter() }')
  })

  it.each([
    ['timeout', ['', '60', Number.NaN, Number.POSITIVE_INFINITY, true, {}, [60], 60n, Symbol('s'), NO_WORD]],
    ['keyPrefix', [null, 7, true, {}, ['app'], Symbol('s'), NO_WORD, '\ud800', new String('app')]],
    ['version', [null, '', Number.NaN, Number.POSITIVE_INFINITY, true, {}, [2], 2n, Symbol('s'), NO_WORD]],
    ['keys', [null, '', 'loose', 0, true, {}, ['off'], Symbol('s'), NO_WORD]],
    ...['keyFunction', 'onWarning', 'onError', 'clock', 'random', 'sleep'].map(
      (name) => [name, [null, '', 'name', 0, true, {}, [], 5n, Symbol('s'), Promise.resolve()]] as const,
    ),
  ] as const)('name the invalid option: %s', (name, wrongs) => {
    for (const wrong of wrongs) {
      const make = () => createCache({ adapter: memoryAdapter(), [name]: wrong } as never)
      expect(make).toThrow(new RegExp(`^createCache takes .* for ${name}: `))
    }
    expect(() => createCache({ adapter: memoryAdapter(), [name]: undefined })).not.toThrow()
  })

  it.each([null, 7, 'adapter', [], [memoryAdapter()], new Map(), new Date(), () => ({})])(
    'refuses to make memory of %s, or of a word that is none',
    (options) => {
      expect(() => memoryAdapter(options as never)).toThrow(/^memoryAdapter takes a plain object of options/)
      expect(() => memoryAdapter({ values: options as never })).toThrow(
        /^memoryAdapter takes 'copied' or 'shared' for values: got ./,
      )
    },
  )

  it('takes an adapter that is an instance of a class', async () => {
    class Mine {
      readonly name = 'mine'
      readonly #memory = memoryAdapter()
      readonly supports = this.#memory.supports
      read(...args: Parameters<Adapter['read']>) {
        return this.#memory.read(...args)
      }
      commit(...args: Parameters<Adapter['commit']>) {
        return this.#memory.commit(...args)
      }
      clear(scope: string) {
        return this.#memory.clear(scope)
      }
      close() {
        return this.#memory.close()
      }
    }
    const cache = createCache({ adapter: new Mine() })
    await cache.aset('key', 1)
    expect(await cache.aget('key')).toBe(1)
  })

  it('describe an argument that should be options', () => {
    const cache = createCache({ adapter: memoryAdapter() })
    expect(() => cache.get('key', 'fallback' as never)).toThrow(
      '(version, fresh, schema, default): got string',
    )
    expect(() => cache.set('key', 1, new Date() as never)).toThrow('got Date')
    expect(() => cache.lock('key', 30 as never)).toThrow('got number')
    expect(() => cache.set('key', 1, [60] as never)).toThrow('got Array')
    expect(() => cache.set('key', 1, Symbol('s') as never)).toThrow('got symbol')
  })
})
