import { describe, expect, it } from 'vitest'
import { memoryAdapter } from '../adapters/memory/index.ts'
import { createCache } from './create-cache.ts'

describe('what createCache() and its methods say of what they cannot take', () => {
  it.each([
    { given: 'the adapter itself', options: memoryAdapter() },
    { given: 'a factory that was not called', options: { adapter: memoryAdapter } },
    { given: 'no adapter', options: {} },
    { given: 'nothing', options: undefined },
  ])('names what is missing: $given', ({ options }) => {
    expect(() => createCache(options as never)).toThrow('{ adapter: memoryAdapter() }')
  })

  it('says what stands where options should', () => {
    const cache = createCache({ adapter: memoryAdapter() })
    expect(() => cache.get('key', 'fallback' as never)).toThrow('(version, fresh, default): got string')
    expect(() => cache.set('key', 1, new Date() as never)).toThrow('got Date')
    expect(() => cache.lock('key', 30 as never)).toThrow('got number')
    expect(() => cache.set('key', 1, [60] as never)).toThrow('got Array')
  })
})
