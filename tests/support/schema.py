"""All that a schema is made of, as lines of text to compare: what `pg_dump -s` would show, whatever the order."""

import psycopg

# Rights as they are in effect: none granted yet, and granted and revoked, is the same.
LINES = """
with ours as (
    select c.*, c.oid::regclass::text as name, n.nspname from pg_class c join pg_namespace n on n.oid = relnamespace
    where relkind in ('r', 'v') and nspname in ('public', 'smelt_meta')
),
functions as (
    select p.*, p.oid::regprocedure::text as name from pg_proc p where pronamespace::regnamespace::text = 'smelt_meta'
),
lines as (
    select concat_ws(' ', 'table', name, relrowsecurity, relforcerowsecurity, reloptions, relowner::regrole) from ours
    union all
    select concat_ws(' ', 'view', name, pg_get_viewdef(oid)) from ours where relkind = 'v'
    union all
    select concat_ws(' ', 'column', name, row_number() over (partition by attrelid order by attnum), attname,
        format_type(atttypid, atttypmod), attnotnull,
        pg_get_expr(adbin, adrelid))
    from ours join pg_attribute on attrelid = ours.oid and attnum > 0 and not attisdropped
        left join pg_attrdef on adrelid = attrelid and adnum = attnum
    union all
    select concat_ws(' ', 'constraint', name, conname, pg_get_constraintdef(pg_constraint.oid))
    from ours join pg_constraint on conrelid = ours.oid
    union all
    select concat_ws(' ', 'index', indexdef) from pg_indexes where schemaname in ('public', 'smelt_meta')
    union all
    select concat_ws(' ', 'policy', pg_policies::text) from pg_policies where schemaname in ('public', 'smelt_meta')
    union all
    select concat_ws(' ', 'trigger', pg_get_triggerdef(oid)) from pg_trigger where not tgisinternal
    union all
    select concat_ws(' ', 'enum', enumtypid::regtype, enumsortorder, enumlabel) from pg_enum
    union all
    select concat_ws(' ', 'function', proowner::regrole, pg_get_functiondef(functions.oid)) from functions
    union all
    select concat_ws(' ', 'right', name, acl) from ours, aclexplode(coalesce(relacl, acldefault('r', relowner))) acl
    union all
    select concat_ws(' ', 'right', name, attname, acl)
    from ours join pg_attribute on attrelid = ours.oid and not attisdropped, aclexplode(attacl) acl
    union all
    select concat_ws(' ', 'right', name, acl)
    from functions, aclexplode(coalesce(proacl, acldefault('f', proowner))) acl
    union all
    select concat_ws(' ', 'right', nspname, acl)
    from pg_namespace, aclexplode(coalesce(nspacl, acldefault('n', nspowner))) acl
    where nspname = 'smelt_meta'
)
select * from lines
"""


def schema_lines(connection: psycopg.Connection) -> set[str]:
    return {line for (line,) in connection.execute(LINES).fetchall()}
