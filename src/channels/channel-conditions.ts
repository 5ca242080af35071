import type { UpdateConfigStatus } from '../api/update-config.ts';
import { withCondition } from '../plans/conditions.ts';
import type { ChannelFacts } from './channel-facts.ts';
import type { Fresh } from './fresh-offer.ts';
import { tellOffer } from './offered.ts';
import type { Order } from './order-plan.ts';

/** What is true of an UpdateConfig that is followed. */
export function conditionsOf(
  facts: ChannelFacts,
  looked: UpdateConfigStatus,
  offered: Fresh,
  order: Order,
) {
  const { config, nowMs } = facts;
  const set = (
    conditions: Parameters<typeof withCondition>[0],
    condition: Parameters<typeof withCondition>[1],
  ) => withCondition(conditions, condition, config.generation, nowMs);
  let conditions = set(looked.conditions ?? [], {
    type: 'Accepted',
    status: 'True',
    reason: 'Following',
    message: 'the channel is followed as it says',
  });
  const backwards =
    order.kind === 'wait' && order.reason === 'ChannelBackwards' ? order.message : undefined;
  if (backwards !== undefined) {
    conditions = set(conditions, {
      type: 'Followed',
      status: 'False',
      reason: 'ChannelBackwards',
      message: `nothing is ordered: ${backwards}`,
    });
  } else if (offered.kind === 'fresh') {
    const away = facts.look?.answer.kind === 'unreachable' ? facts.look.answer : undefined;
    conditions = set(conditions, {
      type: 'Followed',
      status: 'True',
      reason: 'IndexAccepted',
      message:
        away === undefined
          ? tellOffer(offered.offered)
          : `${tellOffer(offered.offered)}; the last look failed: ${away.message}`,
    });
  } else if (offered.reason !== 'NotAsked' || !conditions.some(({ type }) => type === 'Followed')) {
    const status = offered.reason === 'NotAsked' ? 'Unknown' : 'False';
    conditions = set(conditions, {
      type: 'Followed',
      status,
      reason: offered.reason,
      message: `nothing is ordered: ${offered.message}`,
    });
  }
  switch (order.kind) {
    case 'upToDate':
      return set(conditions, {
        type: 'UpToDate',
        status: 'True',
        reason: 'UpToDate',
        message: order.message,
      });
    case 'unknown':
      return conditions.some(({ type }) => type === 'UpToDate')
        ? conditions
        : set(conditions, {
            type: 'UpToDate',
            status: 'Unknown',
            reason: 'NotAsked',
            message: 'the channel has not been asked yet',
          });
    default:
      return set(conditions, {
        type: 'UpToDate',
        status: 'False',
        reason: order.reason,
        message: order.message,
      });
  }
}
