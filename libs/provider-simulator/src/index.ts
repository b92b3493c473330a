export { actOut, type Stage } from './act-out.ts';
export { certificateAuthorityPath, certificateAuthorityPem, serverCertificate } from './certificates.ts';
export type { ControlRequest } from './control.ts';
export type { Exchange, Reply } from './exchange.ts';
export type { FaultPlan } from './faults.ts';
export { FCM_ERRORS, type FcmErrorName, fcmErrorStep } from './fcm/fcm-error-body.ts';
export { type FcmReceived, type FcmSimulator, isSimulatedFcmToken } from './fcm/fcm-simulator.ts';
export { parseFaults, parseSteps } from './parse-script.ts';
export type { SimulatedProvider, TargetCreation } from './provider.ts';
export {
  createProviderSimulator,
  type ProviderSimulator,
  type ProviderSimulatorOptions,
} from './provider-simulator.ts';
export type { ProviderEvent, Received, RequestCounters } from './recorder.ts';
export { EVERY_TARGET, type ScriptAction, type ScriptBook, type ScriptStep } from './script.ts';
export { createSimulatorHost, type SimulatorHost, type SimulatorHostOptions } from './simulator-host.ts';
export type { SubscriptionJson } from './webpush/subscription.ts';
export type { WebPushMessage } from './webpush/webpush-message.ts';
export { createWebPushService, type WebPushService, type WebPushServiceOptions } from './webpush/webpush-service.ts';
