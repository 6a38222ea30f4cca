import django.db.models.deletion
import django.utils.timezone
import orders.models.order
import support.models
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    # Whoever ran those that were here before has all of this.
    replaces = [
        ('support', '0001_initial'),
        ('support', '0002_language_of_cases'),
    ]

    initial = True

    dependencies = [
        ('orders', '0001_tables'),
        ('shop', '__first__'),
        ('suppliers', '0001_tables'),
    ]

    operations = [
        migrations.CreateModel(
            name='Ticket',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.CharField(max_length=20, unique=True, verbose_name='number')),
                ('token', models.CharField(default=orders.models.order.new_token, editable=False, max_length=64, unique=True)),
                ('email', models.EmailField(max_length=254, verbose_name="customer's e-mail address")),
                ('name', models.CharField(blank=True, max_length=100, verbose_name="customer's name")),
                ('language', models.CharField(default='en-gb', max_length=10, verbose_name='language')),
                ('topic', models.CharField(choices=[('defective', 'Faulty'), ('damaged', 'Arrived damaged'), ('wrong_item', 'Wrong item'), ('not_arrived', 'Has not arrived'), ('changed_mind', 'Changed my mind'), ('cancel', 'Cancel the order'), ('question', 'Something else')], default='question', max_length=20, verbose_name='topic')),
                ('subject', models.CharField(max_length=200, verbose_name='subject')),
                ('status', models.CharField(choices=[('new', 'new'), ('open', 'open'), ('waiting_customer', 'waiting for the customer'), ('waiting_supplier', 'waiting for the supplier'), ('solved', 'solved')], default='new', editable=False, max_length=20, verbose_name='state')),
                ('status_changed_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='since')),
                ('opened_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='opened')),
                ('last_message_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='last message')),
                ('answer_due_at', models.DateTimeField(blank=True, null=True, verbose_name='answer due')),
                ('order', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.order', verbose_name='order')),
                ('owner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='agent')),
                ('user', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='account')),
            ],
            options={
                'verbose_name': 'ticket',
                'verbose_name_plural': 'tickets',
                'ordering': ['answer_due_at', 'opened_at', 'pk'],
                'indexes': [models.Index(fields=['status', 'answer_due_at'], name='ticket_by_status'), models.Index(fields=['order'], name='ticket_by_order')],
                'constraints': [models.CheckConstraint(condition=models.Q(('status__in', ['new', 'open', 'waiting_customer', 'waiting_supplier', 'solved'])), name='ticket_status_known')],
            },
        ),
        migrations.CreateModel(
            name='Return',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.CharField(max_length=32, unique=True, verbose_name='number')),
                ('quantity', models.PositiveIntegerField(verbose_name='units')),
                ('reason', models.CharField(max_length=30, verbose_name='reason')),
                ('solution', models.CharField(choices=[('refund', 'refund'), ('replacement', 'replacement'), ('credit', 'credit')], max_length=20, verbose_name='asked for')),
                ('opened_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='opened')),
                ('opened_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('order_line', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.orderline')),
                ('supplier_return', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='suppliers.supplierreturn')),
                ('ticket', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='returns', to='support.ticket')),
            ],
            options={
                'verbose_name': 'return',
                'verbose_name_plural': 'returns',
                'ordering': ['-opened_at', '-pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('quantity__gte', 1)), name='return_some')],
            },
        ),
        migrations.CreateModel(
            name='TicketLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('quantity', models.PositiveIntegerField(verbose_name='units')),
                ('order_line', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orders.orderline')),
                ('ticket', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='support.ticket')),
            ],
            options={
                'verbose_name': 'ticket line',
                'verbose_name_plural': 'ticket lines',
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(fields=('ticket', 'order_line'), name='ticket_line_once')],
            },
        ),
        migrations.CreateModel(
            name='TicketMessage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('thread', models.CharField(choices=[('customer', 'with the customer'), ('supplier', 'with the supplier'), ('internal', 'internal note')], max_length=10, verbose_name='thread')),
                ('author', models.CharField(choices=[('customer', 'customer'), ('agent', 'agent'), ('supplier', 'supplier'), ('system', 'the shop')], max_length=10, verbose_name='from')),
                ('body', models.TextField(help_text='Plain text.', verbose_name='text')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='at')),
                ('form_key', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('ticket', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='messages', to='support.ticket')),
                ('user', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'message',
                'verbose_name_plural': 'messages',
                'ordering': ['at', 'pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('thread__in', ['customer', 'supplier', 'internal'])), name='ticket_thread_known')],
            },
        ),
        migrations.CreateModel(
            name='Attachment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token', models.CharField(default=orders.models.order.new_token, editable=False, max_length=64, unique=True)),
                ('file', models.FileField(storage=support.models.private_storage, upload_to=support.models.attachment_path, verbose_name='file')),
                ('original_name', models.CharField(max_length=200, verbose_name='name')),
                ('content_type', models.CharField(max_length=50, verbose_name='type')),
                ('size_bytes', models.PositiveIntegerField(verbose_name='bytes')),
                ('added_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='added')),
                ('message', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='attachments', to='support.ticketmessage')),
            ],
            options={
                'verbose_name': 'file',
                'verbose_name_plural': 'files',
                'ordering': ['pk'],
            },
        ),
    ]
