import fc from 'fast-check'

/** One call, as data: the cache, the async method and its arguments. */
export interface Call {
  /** Index into {@link PREFIXES}. */
  readonly cache: number
  readonly method: string
  readonly args: readonly unknown[]
}

/** One step of a sequence: time passes, or calls are made, concurrently if there are several. */
export type Step = { readonly advance: number } | { readonly calls: readonly Call[] }

/** Three caches on one store. The one without a prefix clears everything. */
export const PREFIXES: readonly string[] = ['', 'a', 'a:1']

const key = fc.constantFrom('k', '1:k', '__proto__')
const version = fc.constantFrom(undefined, 1, 2)
const timeout = fc.constantFrom(undefined, null, 0, -1, 1, 2, 10)
const value = fc.constantFrom<unknown>(0, 1, -5, Number.MAX_SAFE_INTEGER, -0, 'text', null, { deep: [1] })
const delta = fc.constantFrom(1, -1, 10, 0)

const tag = fc.constantFrom('x', 'y')
const tags = fc.subarray(['x', 'y'])
const window = fc.constantFrom(0, -1, 2, 10, null)
const timed = fc.record({ timeout, version })
const options = fc.oneof(
  { weight: 3, arbitrary: timed },
  { weight: 2, arbitrary: fc.record({ timeout, version, tags }) },
  { weight: 2, arbitrary: fc.record({ timeout, version, tags, staleWhileRevalidate: window }) },
)
const keyOptions = fc.record({ version })

function call(method: string, ...args: fc.Arbitrary<unknown>[]): fc.Arbitrary<Call> {
  return fc.record({
    cache: fc.nat(PREFIXES.length - 1),
    method: fc.constant(method),
    args: fc.tuple(...args),
  })
}

const initial = fc.constantFrom(0, 5)
const counting = fc.oneof(
  keyOptions,
  fc.record({ version, initial, timeout }),
  fc.record({ version, initial, timeout, tags }),
)

const anyCall: fc.Arbitrary<Call> = fc.oneof(
  { weight: 4, arbitrary: call('aset', key, value, options) },
  { weight: 3, arbitrary: call('aadd', key, value, options) },
  { weight: 3, arbitrary: call('aget', key, keyOptions) },
  { weight: 3, arbitrary: call('aincr', key, delta, counting) },
  { weight: 1, arbitrary: call('aincrWithTtl', key, delta, counting) },
  { weight: 1, arbitrary: call('adecr', key, delta, counting) },
  { weight: 2, arbitrary: call('atouch', key, timed) },
  { weight: 2, arbitrary: call('adelete', key, keyOptions) },
  { weight: 1, arbitrary: call('ahasKey', key, keyOptions) },
  { weight: 2, arbitrary: call('attl', key, keyOptions) },
  { weight: 2, arbitrary: call('apop', key, keyOptions) },
  { weight: 2, arbitrary: call('agetOrSet', key, value, options) },
  { weight: 2, arbitrary: call('aincrVersion', key, delta, keyOptions) },
  { weight: 1, arbitrary: call('agetMany', fc.array(key, { maxLength: 3 }), keyOptions) },
  { weight: 1, arbitrary: call('asetMany', fc.array(fc.tuple(key, value), { maxLength: 3 }), options) },
  { weight: 1, arbitrary: call('adeleteMany', fc.array(key, { maxLength: 3 }), keyOptions) },
  { weight: 2, arbitrary: call('aexpire', key, keyOptions) },
  { weight: 2, arbitrary: call('aentry', key, keyOptions) },
  { weight: 1, arbitrary: call('adeleteTags', tag) },
  { weight: 1, arbitrary: call('aexpireTags', tag) },
  { weight: 1, arbitrary: call('akeys', fc.constantFrom('', 'k', '1:'), keyOptions) },
  { weight: 1, arbitrary: call('aentries', fc.constantFrom('', 'k', '1:'), keyOptions) },
  { weight: 1, arbitrary: call('aclear') },
)

/** Calls that change one key. Only these are atomic when they run concurrently. */
const atomicCall = anyCall.filter(({ method }) =>
  [
    'aset',
    'aadd',
    'aget',
    'aentry',
    'aincr',
    'aincrWithTtl',
    'adecr',
    'atouch',
    'aexpire',
    'adelete',
    'ahasKey',
    'apop',
    'aincrVersion',
  ].includes(method),
)

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: anyCall.map((one) => ({ calls: [one] })) },
  { weight: 2, arbitrary: fc.array(atomicCall, { minLength: 2, maxLength: 4 }).map((calls) => ({ calls })) },
  { weight: 2, arbitrary: fc.constantFrom(1, 999, 1_000, 5_000).map((advance) => ({ advance })) },
)

export const sequences: fc.Arbitrary<Step[]> = fc.array(step, { maxLength: 16, size: 'max' })
