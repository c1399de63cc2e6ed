import {
  activeKey,
  CLOCK_TOLERANCE,
  formatDuration,
  oldSetsGoneAt,
  rotationTimeline,
  seconds,
  unixSeconds,
  type RotationPolicy,
  type TimelineEntry,
} from '@workload-identity/core'
import { startRing } from './world.ts'

/** A bar of the picture: a lane, and from when to when, in seconds from the moment at which the new key signs. */
interface Bar {
  readonly lane: number
  readonly from: number
  readonly to: number
  readonly fill: string
  readonly text: string
}

const width = 940
const left = 200
const laneHeight = 46
const top = 64
const lanes = [
  'the key before',
  'the key after',
  'sets without the new key',
  'tokens of the old key',
] as const

/** One rotation under a policy as an SVG, to scale: what the planner decides, and what the inequalities wait for. */
export function drawRotation(policy: RotationPolicy, maxTtl: number): string {
  const dates = findDates(policy)
  const lastToken = maxTtl + 3 * CLOCK_TOLERANCE + policy.storeLag
  const from = dates.published - 7200
  const to = dates.left + 7200
  const toX = (moment: number) => left + ((moment - from) / (to - from)) * (width - left - 20)
  const bars: readonly Bar[] = [
    { lane: 0, from, to: 0, fill: '#2563eb', text: 'signs' },
    { lane: 0, from: 0, to: dates.left, fill: '#94a3b8', text: `kept ${formatDuration(policy.keepRetired)}` },
    {
      lane: 1,
      from: dates.published,
      to: 0,
      fill: '#93c5fd',
      text: `published ${formatDuration(policy.publishAhead)} ahead`,
    },
    { lane: 1, from: 0, to, fill: '#2563eb', text: 'signs' },
    { lane: 2, from, to: dates.forgotten, fill: '#fbbf24', text: 'may be in use somewhere' },
    { lane: 3, from, to: lastToken, fill: '#fbbf24', text: 'may be alive' },
  ]
  const height = top + lanes.length * laneHeight + 40
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="13" role="img" aria-labelledby="title">`,
    '  <title id="title">One rotation under the default policy, to scale</title>',
    `  <rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...[
      [dates.published, 'published'],
      [0, 'signs, the other retires'],
      [dates.left, 'leaves'],
    ].map(([moment, label]) => drawMoment(toX(Number(moment)), Number(moment), String(label), height)),
    ...lanes.map(
      (name, lane) =>
        `  <text x="${left - 12}" y="${top + lane * laneHeight + 26}" text-anchor="end" fill="#334155">${name}</text>`,
    ),
    ...bars.map((bar) => drawBar(bar, toX)),
    '</svg>',
    '',
  ].join('\n')
}

function drawMoment(x: number, moment: number, label: string, height: number): string {
  const when = moment === 0 ? '0' : `${moment < 0 ? '−' : '+'}${formatDuration(seconds(Math.abs(moment)))}`
  const at = x.toFixed(1)
  return [
    `  <line x1="${at}" y1="44" x2="${at}" y2="${height - 20}" stroke="#64748b" stroke-dasharray="4 4"/>`,
    `  <text x="${at}" y="20" text-anchor="middle" fill="#0f172a" font-weight="600">${label}</text>`,
    `  <text x="${at}" y="37" text-anchor="middle" fill="#64748b">${when}</text>`,
  ].join('\n')
}

function drawBar({ lane, from, to, fill, text }: Bar, toX: (moment: number) => number): string {
  const [x, end] = [toX(from), toX(to)]
  const y = top + lane * laneHeight + 8
  const dark = fill === '#2563eb'
  return [
    `  <rect x="${x.toFixed(1)}" y="${y}" width="${(end - x).toFixed(1)}" height="28" rx="4" fill="${fill}"/>`,
    end - x < 60
      ? undefined
      : `  <text x="${((x + end) / 2).toFixed(1)}" y="${y + 18}" text-anchor="middle" fill="${dark ? '#ffffff' : '#0f172a'}">${text}</text>`,
  ]
    .filter((line) => line !== undefined)
    .join('\n')
}

/** The dates of one rotation as the timeline gives them, counted from the moment at which the new key signs. */
function findDates(policy: RotationPolicy) {
  const ring = startRing()
  const start = activeKey(ring).activated_at ?? unixSeconds(0)
  const timeline = rotationTimeline(ring, policy, start, 'EdDSA')
  const dateOf = (change: TimelineEntry['change']) =>
    timeline.find((entry) => entry.change === change)?.at ?? start
  const signs = dateOf('signs')
  return {
    published: dateOf('published') - signs,
    forgotten: oldSetsGoneAt(policy, dateOf('published')) - signs,
    left: dateOf('leaves') - signs,
  }
}
