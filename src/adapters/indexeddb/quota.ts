import type { Outcome } from '../../core/adapter.ts'
import type { Commit } from '../../core/batch.ts'
import { CacheError } from '../../core/errors.ts'
import { isNamed } from './requests.ts'

export function isQuotaExceeded(error: unknown): boolean {
  return isNamed(error, 'QuotaExceededError')
}

/** What {@link commitUnderQuota} can do with a full store. */
export interface FullStore {
  /** Commits, or resolves with `undefined` if there is still no space. */
  tryCommit(commits: readonly Commit[]): Promise<readonly Outcome[][] | undefined>
  /** Removes what has expired at `now`, and resolves with the number of entries. */
  removeExpired(now: number): Promise<number>
  /** Evicts entries to make space for a commit. Resolves with false if there is nothing to evict. */
  evictFor(commit: Commit): Promise<boolean>
}

/**
 * Commits what the browser has refused for lack of space: without the expired entries, then each commit alone, so that a large
 * value fails only its own caller, and then once more after an eviction.
 */
export async function commitUnderQuota(
  store: FullStore,
  commits: readonly Commit[],
  cause: unknown,
): Promise<readonly (readonly Outcome[] | Promise<readonly Outcome[]>)[]> {
  if ((await store.removeExpired(Math.max(...commits.map(({ now }) => now)))) > 0) {
    const outcomes = await store.tryCommit(commits)
    if (outcomes !== undefined) return outcomes
  }
  const answers: Promise<readonly Outcome[]>[] = []
  for (const commit of commits) {
    const answer = commitAlone(store, commit, cause)
    answers.push(answer)
    await answer.catch(() => {})
  }
  return answers
}

async function commitAlone(store: FullStore, commit: Commit, cause: unknown): Promise<readonly Outcome[]> {
  let outcomes = await store.tryCommit([commit])
  if (outcomes === undefined && (await store.evictFor(commit))) outcomes = await store.tryCommit([commit])
  if (outcomes?.[0] === undefined) throw await quotaExceeded(cause)
  return outcomes[0]
}

async function quotaExceeded(cause: unknown): Promise<CacheError> {
  // Missing outside secure contexts. A failure here must not replace the error. Chromium's quota is made up, against
  // fingerprinting.
  const estimate = await globalThis.navigator?.storage?.estimate?.().catch(() => undefined)
  const { usage, quota } = estimate ?? {}
  return new CacheError(
    'QUOTA_EXCEEDED',
    `the origin's storage is full (${usage ?? 'unknown'} of ${quota ?? 'unknown'} bytes used), and no ` +
      'entries could be removed to make enough space. Nothing of this write was stored',
    { cause, estimate: { usage, quota } },
  )
}
