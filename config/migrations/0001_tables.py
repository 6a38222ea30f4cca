import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    # Whoever ran those that were here before has all of this.
    replaces = [
        ('config', '0001_nightly_audit'),
        ('config', '0002_quarantine'),
        ('config', '0003_duties_go_on'),
        ('config', '0004_reconciliation'),
    ]

    initial = True

    dependencies = [
        ('orders', '0001_tables'),
        ('shop', '__first__'),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditCheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, unique=True, verbose_name='rule')),
                ('violations', models.PositiveIntegerField(default=0, verbose_name='found')),
                ('examples', models.JSONField(blank=True, default=list, verbose_name='for example')),
                ('checked_at', models.DateTimeField(verbose_name='checked')),
            ],
            options={
                'verbose_name': 'audit check',
                'verbose_name_plural': 'audit checks',
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='Comparison',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('due_at', models.DateTimeField(blank=True, db_index=True, help_text='Empty: nothing to do.', null=True, verbose_name='due at')),
                ('lease_until', models.DateTimeField(blank=True, null=True, verbose_name='taken until')),
                ('attempt', models.PositiveIntegerField(default=0, help_text='Counts how often it was taken; the fence.', verbose_name='attempt')),
                ('failures', models.PositiveIntegerField(default=0, verbose_name='failures in a row')),
                ('last_error', models.TextField(blank=True, verbose_name='last error')),
                ('deaths', models.PositiveSmallIntegerField(default=0, help_text='How often a worker took it and never gave it back.', verbose_name='deaths in a row')),
                ('quarantined_at', models.DateTimeField(blank=True, help_text='Not tried again until a person says so.', null=True, verbose_name='set aside')),
                ('kind', models.CharField(choices=[('recent', 'the last 72 hours'), ('full', 'everything')], max_length=10, unique=True, verbose_name='what')),
                ('begun_at', models.DateTimeField(blank=True, null=True, verbose_name='begun')),
                ('since', models.DateTimeField(blank=True, help_text='Empty: from the beginning.', null=True, verbose_name='from')),
                ('part', models.CharField(blank=True, help_text='Empty: not running.', max_length=20, verbose_name='part')),
                ('cursor', models.CharField(blank=True, max_length=120, verbose_name='read up to')),
                ('counts', models.JSONField(blank=True, default=dict, verbose_name='looked at')),
                ('finished_at', models.DateTimeField(blank=True, null=True, verbose_name='finished')),
                ('last_counts', models.JSONField(blank=True, default=dict, verbose_name='looked at in the last whole run')),
                ('failed_since', models.DateTimeField(blank=True, null=True, verbose_name='failing since')),
                ('good_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'verbose_name': 'comparison with Stripe',
                'verbose_name_plural': 'comparisons with Stripe',
            },
        ),
        migrations.CreateModel(
            name='MoneyFinding',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('stray_payment', 'Money at Stripe that no order asks for'), ('amount', 'Another amount at Stripe than in our books'), ('misfit', 'Money that does not fit its order, or came too late'), ('stray_refund', 'Money that went back, and our books do not say so'), ('refund', 'Refunds that stand otherwise at Stripe'), ('dispute', 'Disputes that could not be taken in'), ('not_at_stripe', 'Payments in our books that Stripe does not know'), ('unit', 'Paid units that are nowhere')], max_length=20, verbose_name='kind')),
                ('key', models.CharField(max_length=120, verbose_name='about')),
                ('says', models.CharField(max_length=300, verbose_name='in one sentence')),
                ('amount_minor', models.PositiveBigIntegerField(default=0, help_text='Minor units.', verbose_name='amount')),
                ('currency', models.CharField(max_length=3, verbose_name='currency')),
                ('found_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='found')),
                ('seen_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='last seen')),
                ('explained_at', models.DateTimeField(blank=True, null=True, verbose_name='explained')),
                ('explained_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by')),
                ('order', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.order', verbose_name='order')),
            ],
            options={
                'verbose_name': 'difference',
                'verbose_name_plural': 'differences',
                'ordering': ['found_at', 'pk'],
                'indexes': [models.Index(condition=models.Q(('explained_at', None)), fields=['kind', 'found_at'], name='money_finding_open')],
                'constraints': [models.UniqueConstraint(fields=('kind', 'key'), name='money_finding_once')],
            },
        ),
        migrations.CreateModel(
            name='NightlyAudit',
            fields=[
                ('due_at', models.DateTimeField(blank=True, db_index=True, help_text='Empty: nothing to do.', null=True, verbose_name='due at')),
                ('lease_until', models.DateTimeField(blank=True, null=True, verbose_name='taken until')),
                ('attempt', models.PositiveIntegerField(default=0, help_text='Counts how often it was taken; the fence.', verbose_name='attempt')),
                ('failures', models.PositiveIntegerField(default=0, verbose_name='failures in a row')),
                ('last_error', models.TextField(blank=True, verbose_name='last error')),
                ('deaths', models.PositiveSmallIntegerField(default=0, help_text='How often a worker took it and never gave it back.', verbose_name='deaths in a row')),
                ('quarantined_at', models.DateTimeField(blank=True, help_text='Not tried again until a person says so.', null=True, verbose_name='set aside')),
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('ran_at', models.DateTimeField(blank=True, null=True, verbose_name='last run')),
                ('unexplained', models.PositiveIntegerField(blank=True, null=True, verbose_name='unexplained')),
            ],
            options={
                'verbose_name': 'nightly audit',
                'verbose_name_plural': 'nightly audits',
            },
        ),
    ]
