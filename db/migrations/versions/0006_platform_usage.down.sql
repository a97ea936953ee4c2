drop table platform_usage;
