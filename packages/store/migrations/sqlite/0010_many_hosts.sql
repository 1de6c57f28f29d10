ALTER TABLE `issued_certificates` ADD `look_at` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX `issued_certificates_look` ON `issued_certificates` (`look_at`);--> statement-breakpoint
CREATE INDEX `issued_certificates_end` ON `issued_certificates` (`project`,`not_after`);--> statement-breakpoint
CREATE INDEX `certificate_orders_pending` ON `certificate_orders` (`project`,`names_key`) WHERE unused_since is null and (state <> 'issued' or renew_reason is not null);--> statement-breakpoint
CREATE INDEX `certificate_orders_unused` ON `certificate_orders` (`unused_since`) WHERE unused_since is not null;--> statement-breakpoint
CREATE INDEX `secrets_lists` ON `secrets` (`project`,`id`) WHERE type = 'crl';