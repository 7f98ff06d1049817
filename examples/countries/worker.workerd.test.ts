import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import worker from './worker.ts'

const UP = { ...env, ORIGIN_DELAY_MS: '0' }
const DOWN = { ...UP, ORIGIN_DOWN: 'true' }

const ask = (path: string, bindings: Env = UP, method = 'GET'): Promise<Response> =>
  worker.fetch(new Request(`https://demo.example/api/${path}`, { method }), bindings)

describe('the demo’s Worker', () => {
  it('asks the origin once, and says where an answer came from', async () => {
    const [first, second] = [await ask('countries/ISL'), await ask('countries/ISL')]
    expect([first, second].map((response) => response.headers.get('x-source'))).toEqual(['origin', 'edge'])
    expect(first.headers.get('server-timing')).toMatch(/^origin;dur=\d+$/)
    expect(second.headers.get('server-timing')).toMatch(/^edge;dur=\d+$/)
    expect(await second.json()).toEqual(await first.json())
  })

  it('says how old an answer is', async () => {
    using _time = { [Symbol.dispose]: () => vi.useRealTimers() }
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    await ask('countries/GRL')
    vi.setSystemTime(Date.now() + 90_000)
    const later = await ask('countries/GRL')
    expect([later.headers.get('x-source'), later.headers.get('age')]).toEqual(['edge', '90'])
  })

  it('answers from its cache while the origin is down, and 502 for what is not there', async () => {
    await ask('countries/ISL')
    expect((await ask('countries/ISL', DOWN)).status).toBe(200)
    const failed = await ask('countries/MLT', DOWN)
    expect(failed.status).toBe(502)
    expect(await failed.json()).toEqual({ error: 'The origin does not answer' })
    const back = await ask('countries/MLT')
    expect([back.status, back.headers.get('x-source')]).toEqual([200, 'origin'])
  })

  it('remembers that there is no such country', async () => {
    const [first, second] = [await ask('countries/XYZ'), await ask('countries/XYZ', DOWN)]
    expect([first, second].map(({ status }) => status)).toEqual([404, 404])
    expect(second.headers.get('x-source')).toBe('edge')
  })

  it('tells a failing cache from a failing origin', async () => {
    const getByName = () => {
      throw new Error('the Durable Object is away')
    }
    const shards = new Proxy(env.CACHE_SHARDS, {
      get: (target, name) => (name === 'getByName' ? getByName : Reflect.get(target, name).bind(target)),
    })
    using log = vi.spyOn(console, 'error').mockImplementation(() => {})
    const failed = await ask('countries/ISL', { ...UP, CACHE_SHARDS: shards })
    expect(failed.status).toBe(503)
    expect(await failed.json()).toEqual({ error: 'The cache failed' })
    expect(log).toHaveBeenCalledOnce()
  })

  it('clears answers, not counts', async () => {
    const count = async () =>
      ((await (await ask('countries/ISL/views', UP, 'POST')).json()) as { views: number }).views
    const before = await count()
    await ask('cache', UP, 'DELETE')
    expect((await ask('countries/ISL')).headers.get('x-source')).toBe('origin')
    expect(await count()).toBe(before + 1)
  })

  it('says origin of a count that had to ask the origin whether there is such a country', async () => {
    await ask('cache', UP, 'DELETE')
    const [first, second] = [await ask('countries/ISL/views'), await ask('countries/ISL/views')]
    expect([first, second].map((response) => response.headers.get('x-source'))).toEqual(['origin', 'edge'])
  })

  it('knows that -1 is no area', async () => {
    expect(await (await ask('countries/SJM')).json()).toMatchObject({ area: null })
  })
})
