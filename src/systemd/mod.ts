/**
 * What systemd hears from a daemon: that it is ready, reloads, stops, and is still alive
 * (sd_notify(3), `Type=notify` and `Type=notify-reload` of systemd.service(5)). Without systemd,
 * and on other systems, nothing of it happens.
 *
 * @module
 */

export { connectServiceManager, type ServiceManager } from "./service_manager.ts";
