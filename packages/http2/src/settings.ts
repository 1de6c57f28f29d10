import { ERROR_CODES, Http2Error } from './error-codes.ts';
import { FRAME_BYTES_MAX, SETTING, WINDOW_BYTES, WINDOW_BYTES_MAX } from './frames.ts';

/** What the other side has said of itself (RFC 9113 section 6.5.2). */
export class PeerSettings {
  initialWindow = WINDOW_BYTES;
  concurrentStreamsMax = Number.POSITIVE_INFINITY;

  /**
   * Takes the payload of a SETTINGS frame; throws Http2Error for values that the RFC forbids. `onTableBytes` hears of each table size,
   * because also one that does not stay takes entries from the table (RFC 7541 section 4.2).
   */
  take(payload: Buffer, onTableBytes: (bytes: number) => void): void {
    for (let at = 0; at + 6 <= payload.length; at += 6) {
      const setting = payload.readUInt16BE(at);
      const value = payload.readUInt32BE(at + 2);
      if (setting === SETTING.headerTableSize) onTableBytes(value);
      else this.#set(setting, value);
    }
  }

  #set(setting: number, value: number): void {
    switch (setting) {
      case SETTING.enablePush:
        if (value > 1) throw new Http2Error(ERROR_CODES.protocol, 'ENABLE_PUSH is neither 0 nor 1');
        return;
      case SETTING.concurrentStreamsMax:
        this.concurrentStreamsMax = value;
        return;
      case SETTING.initialWindow:
        if (value > WINDOW_BYTES_MAX)
          throw new Http2Error(ERROR_CODES.flowControl, 'INITIAL_WINDOW_SIZE is too large');
        this.initialWindow = value;
        return;
      case SETTING.frameBytesMax:
        // Never made use of: frames of the least size are cheap enough.
        if (value < FRAME_BYTES_MAX || value > 0xff_ffff)
          throw new Http2Error(ERROR_CODES.protocol, 'MAX_FRAME_SIZE is out of bounds');
        return;
      default:
    }
  }
}

export function writeSettings(settings: readonly (readonly [setting: number, value: number])[]): Buffer {
  const payload = Buffer.alloc(settings.length * 6);
  for (const [index, [setting, value]] of settings.entries()) {
    payload.writeUInt16BE(setting, index * 6);
    payload.writeUInt32BE(value, index * 6 + 2);
  }
  return payload;
}
