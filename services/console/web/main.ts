import { startCountdowns } from './countdown.ts';
import { createDeadLettersView } from './dead-letters-view.ts';
import { find } from './dom.ts';
import { followReceipts } from './receipt-feed.ts';
import { createReceivePane } from './receive-pane.ts';
import { createSendPane } from './send-pane.ts';
import { createTabs } from './tabs.ts';
import { createTimelinePane } from './timeline-pane.ts';

const timeline = createTimelinePane();
const receive = createReceivePane();
const letters = createDeadLettersView();
const feed = find('feed', HTMLElement);

createSendPane({ onAccepted: (id, single) => timeline.add(id, { open: single }) });
createTabs(find('watch-tabs', HTMLElement));
startCountdowns();

const say = (text: string, tone: string): void => {
  feed.textContent = text;
  feed.dataset.tone = tone;
};
followReceipts({
  onOpen() {
    say('Live', 'good');
    timeline.refresh();
    receive.refresh();
    letters.refresh();
  },
  onReceipts(receipts) {
    timeline.onReceipts(receipts);
    receive.onReceipts(receipts);
    if (receipts.some(({ channel }) => channel !== 'realtime')) letters.refresh();
  },
  onLost(why) {
    if (why === 'away') say('Waiting for Belfry', 'warn');
    else say('The session has ended: load the page again', 'bad');
  },
});
