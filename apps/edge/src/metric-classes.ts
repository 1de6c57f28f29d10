import { createRequire } from 'node:module';
import type * as prom from 'prom-client';

// One by one: the entry of prom-client loads default metrics, a push gateway and OpenTelemetry as well, 85 ms of each start.
const load = createRequire(import.meta.url);

export const AggregatorRegistry = load('prom-client/lib/cluster') as typeof prom.AggregatorRegistry;

export const Counter = load('prom-client/lib/counter') as typeof prom.Counter;
export type Counter<T extends string = string> = prom.Counter<T>;

export const Gauge = load('prom-client/lib/gauge') as typeof prom.Gauge;
export type Gauge<T extends string = string> = prom.Gauge<T>;

export const Registry = load('prom-client/lib/registry') as typeof prom.Registry;
export type Registry = prom.Registry;
