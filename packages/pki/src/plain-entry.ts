/** What follows an entry's time where its only extension is a reason code, but for the code itself. */
const REASON = Buffer.from('300c300a0603551d1504030a01', 'hex');
const REMOVE_FROM_CRL = 8;
const SERIAL_BYTES_MAX = 32;
const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;
const UTC_TIME_BYTES = 13;

/**
 * The end of the entry of a revocation list that begins at `at` where it is of the form nearly all have: a serial number, a UTCTime and, where
 * `mayExtend`, at most a reason code; -1 where it is of any other form, valid or not.
 *
 * Makes no objects: a list of 100,000 entries is read at once by a worker that serves.
 */
export function endOfPlainEntry(der: Buffer, at: number, mayExtend: boolean): number {
  const length = der[at + 1] ?? 0xff;
  const serialLength = der[at + 3] ?? 0;
  const end = at + 2 + length;
  const timeAt = at + 4 + serialLength;
  if (
    der[at] !== 0x30 ||
    length >= 0x80 ||
    end > der.length ||
    der[at + 2] !== 0x02 ||
    !isShortestInteger(der, at + 4, serialLength) ||
    !isUtcTime(der, timeAt)
  )
    return -1;
  const restAt = timeAt + 2 + UTC_TIME_BYTES;
  if (restAt === end) return end;
  return mayExtend && isReason(der, restAt, end) ? end : -1;
}

function isShortestInteger(der: Buffer, at: number, length: number): boolean {
  if (length === 0 || length > SERIAL_BYTES_MAX) return false;
  if (length === 1) return true;
  const first = der[at];
  const isHigh = (der[at + 1] ?? 0) >= 0x80;
  return isHigh ? first !== 0xff : first !== 0;
}

function isUtcTime(der: Buffer, at: number): boolean {
  if (der[at] !== 0x17 || der[at + 1] !== UTC_TIME_BYTES || der[at + 14] !== 0x5a) return false;
  const year = twoDigits(der, at + 2);
  const month = twoDigits(der, at + 4);
  const day = twoDigits(der, at + 6);
  const isMonth = year >= 0 && month >= 1 && month <= 12;
  // Of the years 1950 to 2049 each fourth is a leap year.
  const days = month === 2 && year % 4 !== 0 ? 28 : (DAYS[month - 1] ?? 0);
  return (
    isMonth &&
    day >= 1 &&
    day <= days &&
    isBelow(twoDigits(der, at + 8), 24) &&
    isBelow(twoDigits(der, at + 10), 60) &&
    isBelow(twoDigits(der, at + 12), 60)
  );
}

function isBelow(value: number, max: number): boolean {
  return value >= 0 && value < max;
}

/** -1 where these are no two digits. */
function twoDigits(der: Buffer, at: number): number {
  const tens = (der[at] ?? 0) - 0x30;
  const ones = (der[at + 1] ?? 0) - 0x30;
  return tens < 0 || tens > 9 || ones < 0 || ones > 9 ? -1 : tens * 10 + ones;
}

function isReason(der: Buffer, at: number, end: number): boolean {
  if (end - at !== REASON.length + 1) return false;
  for (let index = 0; index < REASON.length; index += 1) if (der[at + index] !== REASON[index]) return false;
  return der[end - 1] !== REMOVE_FROM_CRL;
}
