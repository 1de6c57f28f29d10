export { formatCursor, parseCursor } from '../cursor-text.ts';
export { type FeedSource, type StreamFeedOptions, streamFeed } from './stream-feed.ts';
