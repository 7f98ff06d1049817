import type { Change } from '../../src/core/adapter.ts'

/** For broken adapters: a loaded value is stored, whatever has happened since its load began. */
export function storedAnyway(change: Change): Change {
  const { op } = change
  return op.kind === 'fill' ? { ...change, op: { kind: 'set', entry: op.entry } } : change
}
