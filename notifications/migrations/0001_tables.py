import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    # Whoever ran those that were here before has all of this.
    replaces = [
        ('notifications', '0001_initial'),
        ('notifications', '0002_initial'),
        ('notifications', '0003_quarantine'),
    ]

    initial = True

    dependencies = [
        ('orders', '0001_tables'),
    ]

    operations = [
        migrations.CreateModel(
            name='Notification',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('due_at', models.DateTimeField(blank=True, db_index=True, help_text='Empty: nothing to do.', null=True, verbose_name='due at')),
                ('lease_until', models.DateTimeField(blank=True, null=True, verbose_name='taken until')),
                ('attempt', models.PositiveIntegerField(default=0, help_text='Counts how often it was taken; the fence.', verbose_name='attempt')),
                ('failures', models.PositiveIntegerField(default=0, verbose_name='failures in a row')),
                ('last_error', models.TextField(blank=True, verbose_name='last error')),
                ('deaths', models.PositiveSmallIntegerField(default=0, help_text='How often a worker took it and never gave it back.', verbose_name='deaths in a row')),
                ('quarantined_at', models.DateTimeField(blank=True, help_text='Not tried again until a person says so.', null=True, verbose_name='set aside')),
                ('key', models.CharField(max_length=200, unique=True, verbose_name='key')),
                ('kind', models.CharField(db_index=True, max_length=60, verbose_name='kind')),
                ('recipient', models.EmailField(max_length=254, verbose_name='to')),
                ('language', models.CharField(default='en-gb', max_length=10, verbose_name='language')),
                ('message_id', models.CharField(max_length=200, unique=True, verbose_name='Message-ID')),
                ('headers', models.JSONField(blank=True, default=dict, verbose_name='headers')),
                ('subject', models.CharField(blank=True, max_length=250, verbose_name='subject')),
                ('text', models.TextField(blank=True, verbose_name='text')),
                ('html', models.TextField(blank=True, verbose_name='HTML')),
                ('status', models.CharField(choices=[('queued', 'to be sent'), ('sending', 'being sent'), ('sent', 'sent'), ('failed', 'given up')], default='queued', max_length=10, verbose_name='state')),
                ('created_at', models.DateTimeField(db_index=True, default=django.utils.timezone.now, verbose_name='created')),
                ('sent_at', models.DateTimeField(blank=True, null=True, verbose_name='sent')),
                ('event', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.event')),
                ('order', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.order')),
            ],
            options={
                'verbose_name': 'message',
                'verbose_name_plural': 'messages',
                'ordering': ['-created_at', '-pk'],
                'indexes': [models.Index(fields=['order'], name='notification_by_order')],
                'constraints': [models.CheckConstraint(condition=models.Q(('status__in', ['queued', 'sending', 'sent', 'failed'])), name='notification_status_known')],
            },
        ),
    ]
