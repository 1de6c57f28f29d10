export { FEED_LIMITS } from './feed-limits.ts';
export type { FeedApplied, FeedSink, FeedState } from './feed-sink.ts';
export { type FollowFeedOptions, followFeed } from './follow-feed.ts';
