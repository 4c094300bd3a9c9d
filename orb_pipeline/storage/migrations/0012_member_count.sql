-- How many strategies a paper day is traded with: `members` of all days are megabytes that few questions are about.
alter table paper_days add column member_count integer;
update paper_days set member_count = json_array_length(members);
