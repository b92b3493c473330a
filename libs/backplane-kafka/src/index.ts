export {
  type BackplaneLogger,
  createLogBackplane,
  HINTS_TOPIC_SETTINGS,
  type LogBackplaneOptions,
} from './log-backplane.ts';
