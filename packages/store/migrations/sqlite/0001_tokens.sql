ALTER TABLE `tokens` ADD `expires_at` integer;--> statement-breakpoint
ALTER TABLE `tokens` ADD `last_used_at` integer;--> statement-breakpoint
ALTER TABLE `tokens` ADD `revoked_at` integer;--> statement-breakpoint
-- Before names were unique, a new token of the data directory left its forerunners valid: they keep working under names that can be revoked.
UPDATE `tokens` SET `name` = `name` || '-' || substr(`id`, 1, 8) WHERE EXISTS (SELECT 1 FROM `tokens` AS `younger` WHERE `younger`.`name` = `tokens`.`name` AND `younger`.rowid > `tokens`.rowid);--> statement-breakpoint
CREATE UNIQUE INDEX `tokens_name` ON `tokens` (`name`) WHERE revoked_at is null;
