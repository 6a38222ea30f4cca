
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0002_carrier_scans'),
        ('suppliers', '0001_tables'),
    ]

    operations = [
        migrations.CreateModel(
            name='TrackingCall',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('service', models.CharField(max_length=20, verbose_name='service')),
                ('method', models.CharField(max_length=8, verbose_name='method')),
                ('path', models.CharField(max_length=300, verbose_name='path')),
                ('status', models.PositiveSmallIntegerField(blank=True, help_text='HTTP status; empty: none.', null=True, verbose_name='answer')),
                ('failure', models.CharField(blank=True, max_length=200, verbose_name='failure')),
                ('milliseconds', models.PositiveIntegerField(verbose_name='ms')),
                ('excerpt', models.TextField(blank=True, verbose_name='answer, redacted')),
                ('at', models.DateTimeField(db_index=True, default=django.utils.timezone.now, verbose_name='at')),
            ],
            options={
                'verbose_name': 'call to a tracking service',
                'verbose_name_plural': 'calls to tracking services',
                'ordering': ['-at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='TrackingService',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('due_at', models.DateTimeField(blank=True, db_index=True, help_text='Empty: nothing to do.', null=True, verbose_name='due at')),
                ('lease_until', models.DateTimeField(blank=True, null=True, verbose_name='taken until')),
                ('attempt', models.PositiveIntegerField(default=0, help_text='Counts how often it was taken; the fence.', verbose_name='attempt')),
                ('failures', models.PositiveIntegerField(default=0, verbose_name='failures in a row')),
                ('last_error', models.TextField(blank=True, verbose_name='last error')),
                ('deaths', models.PositiveSmallIntegerField(default=0, help_text='How often a worker took it and never gave it back.', verbose_name='deaths in a row')),
                ('quarantined_at', models.DateTimeField(blank=True, help_text='Not tried again until a person says so.', null=True, verbose_name='set aside')),
                ('slug', models.SlugField(help_text='Key of suppliers.carriers.TRACKERS.', unique=True, verbose_name='service')),
                ('last_good_at', models.DateTimeField(blank=True, null=True, verbose_name='last good turn')),
                ('failing_since', models.DateTimeField(blank=True, help_text='Empty: it answers.', null=True, verbose_name='does not answer since')),
                ('strange', models.JSONField(blank=True, editable=False, null=True, verbose_name='last news of no known parcel that made no sense')),
            ],
            options={
                'verbose_name': 'tracking service',
                'verbose_name_plural': 'tracking services',
                'ordering': ['slug'],
            },
        ),
        migrations.CreateModel(
            name='ParcelWatch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('service', models.CharField(max_length=20, verbose_name='service')),
                ('tracking_number', models.CharField(max_length=64, verbose_name='tracking number')),
                ('service_id', models.CharField(blank=True, help_text='Empty: not there yet.', max_length=64, verbose_name='its id there')),
                ('refused_code', models.CharField(blank=True, help_text='Only its supplier speaks of it then.', max_length=40, verbose_name='why it is not followed')),
                ('due_at', models.DateTimeField(blank=True, null=True, verbose_name='asked about next')),
                ('asked_at', models.DateTimeField(blank=True, null=True, verbose_name='last asked about')),
                ('told_at', models.DateTimeField(blank=True, help_text="By the service's clock; older copies move nothing.", null=True, verbose_name='newest news')),
                ('raw', models.CharField(blank=True, max_length=240, verbose_name="in the service's words")),
                ('earliest_on', models.DateField(blank=True, null=True, verbose_name='to arrive from')),
                ('latest_on', models.DateField(blank=True, null=True, verbose_name='to arrive until')),
                ('failures', models.PositiveIntegerField(default=0, verbose_name='failures in a row')),
                ('last_error', models.CharField(blank=True, max_length=300, verbose_name='last error')),
                ('strange', models.JSONField(blank=True, editable=False, null=True, verbose_name='last copy that made no sense')),
                ('shipment', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='orders.shipment', verbose_name='parcel')),
            ],
            options={
                'verbose_name': 'followed parcel',
                'verbose_name_plural': 'followed parcels',
                'ordering': ['-pk'],
                'indexes': [models.Index(condition=models.Q(('due_at', None), _negated=True), fields=['service', 'due_at'], name='parcel_watch_due'), models.Index(condition=models.Q(('service_id', ''), _negated=True), fields=['service_id'], name='parcel_watch_by_service_id')],
            },
        ),
    ]
