import type { ContestantMaker } from './contestant.ts'
import { dexie } from './dexie.ts'
import { idbKeyval } from './idb-keyval.ts'
import { localForage } from './localforage.ts'
import { nearcache, nearcacheLimited } from './nearcache.ts'
import { raw, rawBest } from './raw.ts'
import { unstorage } from './unstorage.ts'

export const contestants: readonly ContestantMaker[] = [
  nearcache,
  nearcacheLimited,
  rawBest,
  raw,
  idbKeyval,
  dexie,
  localForage,
  unstorage,
]
