
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
import suppliers.secrets
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0001_tables'),
        ('orders', '0003_address_that_fails'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Correspondent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address', models.EmailField(max_length=254, unique=True, verbose_name='e-mail address')),
                ('phone', models.CharField(blank=True, help_text='E.164, as +353861234567.', max_length=16, verbose_name='telephone for text messages')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='first written to')),
            ],
            options={
                'verbose_name': 'person we write to',
                'verbose_name_plural': 'people we write to',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='Endpoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('due_at', models.DateTimeField(blank=True, db_index=True, help_text='Empty: nothing to do.', null=True, verbose_name='due at')),
                ('lease_until', models.DateTimeField(blank=True, null=True, verbose_name='taken until')),
                ('attempt', models.PositiveIntegerField(default=0, help_text='Counts how often it was taken; the fence.', verbose_name='attempt')),
                ('failures', models.PositiveIntegerField(default=0, verbose_name='failures in a row')),
                ('last_error', models.TextField(blank=True, verbose_name='last error')),
                ('deaths', models.PositiveSmallIntegerField(default=0, help_text='How often a worker took it and never gave it back.', verbose_name='deaths in a row')),
                ('quarantined_at', models.DateTimeField(blank=True, help_text='Not tried again until a person says so.', null=True, verbose_name='set aside')),
                ('name', models.CharField(max_length=80, verbose_name='name')),
                ('url', models.URLField(help_text='https only.', max_length=500, verbose_name='address')),
                ('kinds', models.JSONField(default=list, verbose_name='events')),
                ('secret', suppliers.secrets.EncryptedTextField(help_text='whsec_ and base64, 24 to 64 bytes.', verbose_name='secret')),
                ('former_secret', suppliers.secrets.EncryptedTextField(blank=True, verbose_name='former secret')),
                ('former_until', models.DateTimeField(blank=True, help_text='Until then both sign.', null=True, verbose_name='former secret signs until')),
                ('is_active', models.BooleanField(default=True, verbose_name='in use')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='created')),
                ('failing_since', models.DateTimeField(blank=True, editable=False, help_text='Empty: the last try went well.', null=True, verbose_name='failing since')),
                ('last_good_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='last taken')),
                ('given_up_at', models.DateTimeField(blank=True, editable=False, help_text='Events wait to be sent again by hand.', null=True, verbose_name='given up since')),
            ],
            options={
                'verbose_name': 'address told of events',
                'verbose_name_plural': 'addresses told of events',
                'ordering': ['name', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='EventDelivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=60, verbose_name='event')),
                ('webhook_id', models.CharField(max_length=64, unique=True, verbose_name='id')),
                ('body', models.TextField(verbose_name='what is sent')),
                ('status', models.CharField(choices=[('queued', 'to be sent'), ('taken', 'taken'), ('failed', 'given up')], default='queued', editable=False, max_length=10, verbose_name='state')),
                ('due_at', models.DateTimeField(blank=True, null=True, verbose_name='due at')),
                ('tries', models.PositiveIntegerField(default=0, verbose_name='tries')),
                ('give_up_at', models.DateTimeField(verbose_name='tried until')),
                ('answer', models.CharField(blank=True, max_length=200, verbose_name='last answer')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='created')),
                ('taken_at', models.DateTimeField(blank=True, null=True, verbose_name='taken')),
            ],
            options={
                'verbose_name': 'event told',
                'verbose_name_plural': 'events told',
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='MessageChoice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.CharField(choices=[('mail', 'e-mail'), ('sms', 'text message')], max_length=10, verbose_name='way')),
                ('kind', models.CharField(max_length=60, verbose_name='kind')),
                ('is_wanted', models.BooleanField(verbose_name='wanted')),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='said')),
            ],
            options={
                'verbose_name': 'choice of messages',
                'verbose_name_plural': 'choices of messages',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='Suppression',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address', models.CharField(max_length=254, verbose_name='address')),
                ('reason', models.CharField(choices=[('bounced', 'mail to it came back'), ('full', 'mail to it was not taken again and again'), ('refused', 'its mail server says that there is no such address'), ('complained', 'its owner reported our mail as unwanted'), ('opted_out', 'its owner wants no messages at this number'), ('by_hand', 'noted by one of us')], default='by_hand', max_length=12, verbose_name='reason')),
                ('source', models.CharField(help_text='A mail provider, our own sending, or staff.', max_length=60, verbose_name='who said so')),
                ('detail', models.CharField(blank=True, max_length=300, verbose_name='in their words')),
                ('since', models.DateTimeField(default=django.utils.timezone.now, verbose_name='since')),
                ('lifted_at', models.DateTimeField(blank=True, null=True, verbose_name='lifted')),
                ('lifted_why', models.CharField(blank=True, max_length=200, verbose_name='why it is written to again')),
            ],
            options={
                'verbose_name': 'address that is not written to',
                'verbose_name_plural': 'addresses that are not written to',
                'ordering': ['-since', '-pk'],
            },
        ),
        migrations.RemoveConstraint(
            model_name='notification',
            name='notification_status_known',
        ),
        migrations.AddField(
            model_name='notification',
            name='carrier_id',
            field=models.CharField(blank=True, help_text='As the provider that carries it calls it.', max_length=200, verbose_name="the carrier's id"),
        ),
        migrations.AddField(
            model_name='notification',
            name='channel',
            field=models.CharField(choices=[('mail', 'e-mail'), ('sms', 'text message')], default='mail', max_length=10, verbose_name='way'),
        ),
        migrations.AddField(
            model_name='notification',
            name='delivery',
            field=models.CharField(blank=True, choices=[('', 'nothing heard'), ('deferred', 'not taken yet'), ('soft_bounced', 'not taken for now'), ('delivered', 'delivered'), ('bounced', 'came back'), ('complained', 'reported as unwanted')], default='', max_length=12, verbose_name='what became of it'),
        ),
        migrations.AddField(
            model_name='notification',
            name='delivery_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='heard'),
        ),
        migrations.AddField(
            model_name='notification',
            name='soft_bounces',
            field=models.PositiveSmallIntegerField(default=0, help_text='It goes out again after each, until there are too many.', verbose_name='times it was not taken for now'),
        ),
        migrations.AddField(
            model_name='notification',
            name='wished_by',
            field=models.ForeignKey(blank=True, help_text='Who wished a second copy; empty: nobody did.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='sent again by'),
        ),
        migrations.AlterField(
            model_name='notification',
            name='recipient',
            field=models.CharField(max_length=254, verbose_name='to'),
        ),
        migrations.AlterField(
            model_name='notification',
            name='status',
            field=models.CharField(choices=[('queued', 'to be sent'), ('sending', 'being sent'), ('sent', 'sent'), ('failed', 'given up'), ('suppressed', 'not sent: address does not work'), ('declined', 'not sent: not wanted')], default='queued', max_length=10, verbose_name='state'),
        ),
        migrations.AddIndex(
            model_name='notification',
            index=models.Index(condition=models.Q(('carrier_id', ''), _negated=True), fields=['carrier_id'], name='notification_by_carrier_id'),
        ),
        migrations.AddIndex(
            model_name='notification',
            index=models.Index(django.db.models.functions.text.Lower('recipient'), name='notification_by_recipient'),
        ),
        migrations.AddConstraint(
            model_name='notification',
            constraint=models.CheckConstraint(condition=models.Q(('delivery__in', ['', 'deferred', 'soft_bounced', 'delivered', 'bounced', 'complained'])), name='notification_delivery_known'),
        ),
        migrations.AddConstraint(
            model_name='notification',
            constraint=models.CheckConstraint(condition=models.Q(('channel__in', ['mail', 'sms'])), name='notification_channel_known'),
        ),
        migrations.AddConstraint(
            model_name='notification',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['queued', 'sending', 'sent', 'failed', 'suppressed', 'declined'])), name='notification_status_known'),
        ),
        migrations.AddField(
            model_name='eventdelivery',
            name='endpoint',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='notifications.endpoint'),
        ),
        migrations.AddField(
            model_name='eventdelivery',
            name='event',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.event'),
        ),
        migrations.AddField(
            model_name='eventdelivery',
            name='order',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.order'),
        ),
        migrations.AddField(
            model_name='messagechoice',
            name='correspondent',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='choices', to='notifications.correspondent'),
        ),
        migrations.AddField(
            model_name='suppression',
            name='lifted_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='lifted by'),
        ),
        migrations.AddField(
            model_name='suppression',
            name='noted_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='noted by'),
        ),
        migrations.AddIndex(
            model_name='eventdelivery',
            index=models.Index(condition=models.Q(('status', 'queued')), fields=['endpoint', 'due_at'], name='event_delivery_waiting'),
        ),
        migrations.AddIndex(
            model_name='eventdelivery',
            index=models.Index(condition=models.Q(('status', 'failed')), fields=['endpoint'], name='event_delivery_failed'),
        ),
        migrations.AddConstraint(
            model_name='eventdelivery',
            constraint=models.UniqueConstraint(fields=('endpoint', 'event'), name='event_delivery_once'),
        ),
        migrations.AddConstraint(
            model_name='eventdelivery',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['queued', 'taken', 'failed'])), name='event_delivery_status_known'),
        ),
        migrations.AddConstraint(
            model_name='messagechoice',
            constraint=models.UniqueConstraint(fields=('correspondent', 'channel', 'kind'), name='message_choice_once'),
        ),
        migrations.AddConstraint(
            model_name='messagechoice',
            constraint=models.CheckConstraint(condition=models.Q(('channel__in', ['mail', 'sms'])), name='message_choice_channel_known'),
        ),
        migrations.AddConstraint(
            model_name='suppression',
            constraint=models.UniqueConstraint(condition=models.Q(('lifted_at', None)), fields=('address',), name='suppression_once'),
        ),
        migrations.AddConstraint(
            model_name='suppression',
            constraint=models.CheckConstraint(condition=models.Q(('reason__in', ['bounced', 'full', 'refused', 'complained', 'opted_out', 'by_hand'])), name='suppression_reason_known'),
        ),
        migrations.AddConstraint(
            model_name='suppression',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('lifted_at', None), ('lifted_by', None), ('lifted_why', '')), models.Q(('lifted_at__isnull', False), ('lifted_by__isnull', False), models.Q(('lifted_why', ''), _negated=True)), _connector='OR'), name='suppression_lifted_by_someone_for_a_reason'),
        ),
        migrations.CreateModel(
            name='ReviewRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('due_at', models.DateTimeField(blank=True, db_index=True, help_text='Empty: nothing to do.', null=True, verbose_name='due at')),
                ('lease_until', models.DateTimeField(blank=True, null=True, verbose_name='taken until')),
                ('attempt', models.PositiveIntegerField(default=0, help_text='Counts how often it was taken; the fence.', verbose_name='attempt')),
                ('failures', models.PositiveIntegerField(default=0, verbose_name='failures in a row')),
                ('last_error', models.TextField(blank=True, verbose_name='last error')),
                ('deaths', models.PositiveSmallIntegerField(default=0, help_text='How often a worker took it and never gave it back.', verbose_name='deaths in a row')),
                ('quarantined_at', models.DateTimeField(blank=True, help_text='Not tried again until a person says so.', null=True, verbose_name='set aside')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='first parcel delivered')),
                ('asked_at', models.DateTimeField(blank=True, help_text='Empty: not yet, or there was nothing to ask about.', null=True, verbose_name='asked')),
                ('order', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='orders.order', verbose_name='order')),
            ],
            options={
                'verbose_name': 'request for reviews',
                'verbose_name_plural': 'requests for reviews',
                'ordering': ['-created_at', '-pk'],
            },
        ),
    ]
